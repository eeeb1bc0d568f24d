<?php

declare(strict_types=1);

namespace CloneGuard\Tests;

use CloneGuard\Lease;
use CloneGuard\Ledger;
use PHPUnit\Framework\TestCase;

use function CloneGuard\firstUse;
use function CloneGuard\hostOf;
use function CloneGuard\nonceOf;
use function CloneGuard\reportTable;
use function CloneGuard\setAside;

require_once dirname(__DIR__, 3) . '/docker/wordpress-clone/guard/lease.php';
require_once dirname(__DIR__, 3) . '/docker/wordpress-clone/guard/ledger.php';
require_once dirname(__DIR__, 3) . '/docker/wordpress-clone/guard/login.php';
require_once dirname(__DIR__, 3) . '/docker/wordpress-clone/guard/hooks.php';
require_once dirname(__DIR__, 3) . '/docker/wordpress-clone/guard/network.php';
require_once dirname(__DIR__, 3) . '/docker/wordpress-clone/guard/report.php';
require_once dirname(__DIR__, 3) . '/docker/wordpress-clone/guard/dropins.php';

/** What the guard decides by itself. What it does to WordPress is tested in a clone (tests/e2e/test_guard.py). */
final class GuardTest extends TestCase
{
    /** As clonepool makes it: tests/unit/domain/test_names.py has the same values. */
    private const PASS = '1767225660.00000000000000000000000000000000.'
        . '9b423eb36a0e00290e399daa59670129e81e64921e11b74c71c6790df09c9dd8';
    private const NOW = 1767225600;

    /** @var string */
    private $folder;

    protected function setUp(): void
    {
        $this->folder = sys_get_temp_dir() . '/guard-' . bin2hex(random_bytes(6));
        mkdir($this->folder);
    }

    protected function tearDown(): void
    {
        array_map('unlink', glob("{$this->folder}/*") ?: []);
        rmdir($this->folder);
    }

    public function testAPassOpensItsOwnCloneUntilItEnds(): void
    {
        $key = str_repeat('1', 64);
        $nonce = str_repeat('0', 32);
        self::assertSame($nonce, nonceOf(self::PASS, $key, 'shop', self::NOW));
        self::assertSame($nonce, nonceOf(self::PASS, $key, 'shop', self::NOW + 59));
        self::assertNull(nonceOf(self::PASS, $key, 'shop', self::NOW + 60));
        self::assertNull(nonceOf(self::PASS, $key, 'shop', self::NOW - 3600), 'so far ahead none is made');
        self::assertNull(nonceOf(self::PASS, $key, 'shop--other', self::NOW));
        self::assertNull(nonceOf(self::PASS, str_repeat('2', 64), 'shop', self::NOW));
        self::assertNull(nonceOf(self::PASS, '', 'shop', self::NOW));
    }

    public function testAnAlteredPassOpensNothing(): void
    {
        $altered = ['', '..', self::PASS . "\n", ' ' . self::PASS, strtoupper(self::PASS), substr(self::PASS, 0, -1)];
        foreach ([5, 20, 60] as $at) {
            $altered[] = substr_replace(self::PASS, self::PASS[$at] === '7' ? '8' : '7', $at, 1);
        }
        foreach ($altered as $pass) {
            self::assertNull(nonceOf($pass, str_repeat('1', 64), 'shop', self::NOW), $pass);
        }
    }

    public function testADropInIsSetAsideAgainAndAgainAndNothingElse(): void
    {
        $file = "{$this->folder}/db.php";
        setAside($file);
        self::assertSame([], glob("{$this->folder}/*"));
        foreach (['first', 'second'] as $content) {
            file_put_contents($file, $content);
            setAside($file);
            self::assertSame(["{$file}.set-aside"], glob("{$this->folder}/*"));
        }
        symlink('/nowhere', $file);
        setAside($file);
        self::assertFalse(is_link($file));
    }

    public function testANonceIsUsedOnce(): void
    {
        self::assertTrue(firstUse('a', $this->folder));
        self::assertFalse(firstUse('a', $this->folder));
        self::assertTrue(firstUse('b', $this->folder));
    }

    public function testTheReportShowsEveryEntryWithItsTitlesAndNothingWhereThereIsNone(): void
    {
        $ledger = new Ledger($this->folder);
        self::assertSame('', reportTable($ledger));
        $ledger->note('mail', 'shop.example', 'wp_mail', 'blocked', '<b>Order</b>');
        $table = reportTable($ledger);
        self::assertStringContainsString('<td data-title="To">shop.example</td>', $table);
        self::assertStringContainsString('<td data-title="Subject">&lt;b&gt;Order&lt;/b&gt;</td>', $table);
    }

    /** @dataProvider urls */
    public function testAHostIsReadFromPlainUrlsOnly(string $url, string $host): void
    {
        self::assertSame($host, hostOf($url));
    }

    /** @return iterable<array{string, string}> */
    public static function urls(): iterable
    {
        yield ['https://API.example.com', 'api.example.com'];
        yield ['http://api.example.com:8080/a/b?c=d#e', 'api.example.com'];
        yield ['https://api.example.com?x=y', 'api.example.com'];
        $double = ['http://e.test\\@a.test/', 'http://u:p@a.test/', "http://a.test\n.evil.test/", 'http://a.test\\b'];
        foreach ([...$double, 'ftp://a.test/', '//a.test/', 'http://[::1]/', 'http:///x', ''] as $url) {
            yield [$url, ''];
        }
    }

    public function testALeaseAllowsNothingThatItDoesNotSay(): void
    {
        $said = '"allow_hosts": ["a.test", 7, null], "allowed_addresses": {"a.test": ["192.0.2.7", 8]}';
        $lease = Lease::of("{\"clone_id\": \"shop\", \"public_host\": 7, {$said}}");
        self::assertSame(['a.test' => ['192.0.2.7']], $lease->addresses);
        self::assertSame(['shop', '', ['a.test']], [$lease->cloneId, $lease->publicHost, $lease->allowHosts]);
        foreach (['', 'null', '[]', '7', '{"allow_hosts": "a.test"}'] as $broken) {
            self::assertSame([], Lease::of($broken)->allowHosts);
        }
    }

    public function testTheLedgerSaysWhoTriedWhatAndKeepsNoContents(): void
    {
        $ledger = new Ledger($this->folder);
        $ledger->note('http', "api.example.com/pay?card=4111\n", 'POST', 'blocked');
        $ledger->note('mail', 'example.org', 'wp_mail', 'blocked', str_repeat('Your order ', 50));
        [$mail, $http] = $ledger->latest(10);
        self::assertSame('api.example.com?pay?card?4111?', $http['host']);
        self::assertSame(['mail', 'core', 'blocked'], [$mail['kind'], $mail['caller'], $mail['outcome']]);
        self::assertSame(120, strlen($mail['subject']));
        self::assertSame(1, $ledger->counts()['mail example.org blocked']);
    }

    public function testAPluginInALoopFillsNoDisk(): void
    {
        $ledger = new Ledger($this->folder);
        for ($i = 0; $i < 2000; $i++) {
            $ledger->note('http', "h{$i}.test", 'GET', 'blocked');
        }
        $size = array_sum(array_map('filesize', glob("{$this->folder}/*") ?: []));
        self::assertLessThan(150_000, $size);
        self::assertSame('h1999.test', $ledger->latest(1)[0]['host']);
        self::assertSame(2000, array_sum($ledger->counts()));
        self::assertLessThanOrEqual(101, count($ledger->counts()));
    }

    public function testALedgerThatCannotBeWrittenDisturbsNobody(): void
    {
        $ledger = new Ledger("{$this->folder}/nowhere");
        $ledger->note('http', 'a.test', 'GET', 'blocked');
        self::assertSame([], $ledger->latest(5));
        file_put_contents("{$this->folder}/outbound.counts.json", '"broken');
        file_put_contents("{$this->folder}/outbound.jsonl", "broken\n");
        self::assertSame([], (new Ledger($this->folder))->latest(5));
        self::assertSame([], (new Ledger($this->folder))->counts());
    }
}

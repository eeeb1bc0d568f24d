<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Integration;

use CustomMigrator\Site;
use CustomMigrator\Tests\Support\AnswerReader;
use CustomMigrator\Tests\Support\DatabaseServer;
use CustomMigrator\Tests\Support\Source;
use CustomMigrator\Wire\Encoding;
use PHPUnit\Framework\TestCase;

/**
 * Whoever holds a job's key may send anything: what comes back is an answer of the protocol, without a mistake of
 * PHP's or the server's in it, and never a secret.
 */
final class AttackTest extends TestCase
{
    private const ROUNDS = 4000;
    private const SECRET = 'the-secret-that-never-travels';
    private const CODES = ['bad_request', 'unknown_endpoint', 'unknown_table', 'unknown_root', 'cell_changed'];

    /** @var DatabaseServer */
    private static $server;
    /** @var string */
    private static $folder;
    /** @var Source */
    private static $source;

    public static function setUpBeforeClass(): void
    {
        self::$server = new DatabaseServer();
        self::$server->execute('CREATE DATABASE site CHARACTER SET utf8mb4');
        self::$server->execute('USE site');
        $options = '(option_id bigint AUTO_INCREMENT PRIMARY KEY, option_name varchar(191), option_value longtext)';
        foreach (['wp_options', 'wp_options_copy', 'other_options'] as $table) {
            self::$server->execute("CREATE TABLE $table $options");
            self::$server->execute("INSERT INTO $table (option_name, option_value) VALUES ('siteurl', 'public'),
                ('custom_migrator_keys', '" . self::SECRET . "')");
        }
        self::$server->execute('CREATE TABLE other_users (ID int PRIMARY KEY, user_pass varchar(99))');
        self::$server->execute("INSERT INTO other_users VALUES (1, '" . self::SECRET . "')");
        self::$server->execute('CREATE TABLE wp_no_key (a int, b datetime, c varchar(20))');
        self::$server->execute("INSERT INTO wp_no_key VALUES (1, NOW(), 'x'), (2, NOW(), 'y')");
        self::$server->execute('CREATE TABLE wp_kinds (d datetime, b varbinary(9), t varchar(20), n decimal(9,2),
            PRIMARY KEY (d, b, t, n))');
        self::$server->execute("INSERT INTO wp_kinds VALUES ('2024-01-01', x'00ff', 'é', 1.5)");
        self::makeFiles();
    }

    private static function makeFiles(): void
    {
        self::$folder = sys_get_temp_dir() . '/cm-attack-' . bin2hex(random_bytes(6));
        $content = self::$folder . '/site/wp-content';
        foreach (['plugins/one', 'plugins/custom-migrator', 'themes', 'uploads/2024'] as $name) {
            mkdir("$content/$name", 0755, true);
            file_put_contents("$content/$name/file.php", 'public');
        }
        foreach (['outside', 'site/wp-config.php', 'site/wp-config.php.bak', 'site/.env'] as $name) {
            file_put_contents(self::$folder . '/' . $name, self::SECRET);
        }
        symlink(self::$folder . '/outside', $content . '/plugins/one/link');
        $paths = ['abspath' => self::$folder . '/site', 'content' => $content, 'plugins' => $content . '/plugins',
            'mu_plugins' => $content . '/mu-plugins', 'themes' => $content . '/themes',
            'uploads' => $content . '/uploads', 'self' => $content . '/plugins/custom-migrator'];
        $database = ['host' => 'localhost:' . self::$server->socket(), 'user' => 'root', 'password' => '',
            'name' => 'site', 'flags' => 0, 'ssl_ca' => null];
        $tables = ['prefix' => 'wp_', 'multisite' => false, 'users' => null, 'usermeta' => null];
        self::$source = new Source(new Site(['versions' => []], $database, $paths, $tables));
    }

    public static function tearDownAfterClass(): void
    {
        exec('rm -rf ' . escapeshellarg(self::$folder));
        self::$server->stop();
    }

    /** @return mixed one of them */
    private static function oneOf(array $of)
    {
        return $of[mt_rand(0, count($of) - 1)];
    }

    /** @return mixed */
    private static function value(int $depth = 0)
    {
        $texts = ['', '0', '1', "' OR 1=1 -- ", '../../outside', '../outside', 'one/link', '/etc/passwd', "a\0b", 'é',
            '*', "\xff\xfe", '[', 'wp_options', 'wp_no_key', 'option_value', 'MQ==', '-1', '1e9', str_repeat('9', 20),
            base64_encode("1' OR '1"), str_repeat('x', 5000), base64_encode('one/file.php'),
            base64_encode('../outside')];
        switch (mt_rand(0, $depth > 2 ? 4 : 6)) {
            case 0:
                return self::oneOf([null, true, false]);
            case 1:
                return self::oneOf([0, 1, -1, 2, 5, 65536, PHP_INT_MAX, PHP_INT_MIN, 1.5, 1e300]);
            case 5:
                return array_map([self::class, 'deeper'], array_fill(0, mt_rand(0, 4), $depth + 1));
            case 6:
                return self::fields(self::oneOf([['k'], ['o'], ['p', 'o'], ['k', 'd']]), $depth + 1);
        }
        return self::oneOf($texts);
    }

    /** @return mixed */
    private static function deeper(int $depth)
    {
        return self::value($depth);
    }

    /**
     * @param list<string> $names
     * @return array<string, mixed>
     */
    private static function fields(array $names, int $depth = 0): array
    {
        $fields = [];
        foreach ($names as $name) {
            $fields[$name] = self::value($depth);
        }
        return $fields;
    }

    /** A cursor or token that looks like one of ours. */
    private static function cursor(): string
    {
        $names = ['k', 'o', 'd', 'p', 's', 'm', 'c', 'n', 'a', 't', 'u'];
        shuffle($names);
        $fields = self::fields(array_slice($names, 0, mt_rand(0, 6)));
        if (mt_rand(0, 1) === 1) {
            $keys = [['1'], ['2'], ["1'"], ['2024-01-01', "\0\xff", 'é', '1.5'], ['x', 'y', 'z', '1']];
            $fields['k'] = array_map('base64_encode', self::oneOf($keys));
            $fields['c'] = self::oneOf(['option_value', 'option_name', 't', '`', 'a']);
            $fields['n'] = self::oneOf([1, 6, strlen(self::SECRET)]);
        }
        return mt_rand(0, 9) === 0 ? (string) json_encode($fields) : Encoding::cursor($fields);
    }

    /** @return array{string, array<string, mixed>} endpoint and parameters */
    private static function request(): array
    {
        $endpoint = self::oneOf(['preflight', 'tables', 'rows', 'rows', 'rows', 'files', 'files', 'files', 'x', '']);
        $params = ['files_seconds' => 0];
        $tables = ['wp_options', 'wp_options_copy', 'wp_no_key', 'wp_kinds', 'other_users'];
        $roots = ['plugins', 'core', 'content', 'uploads', 'themes', 'other'];
        $usual = ['table' => self::oneOf($tables), 'root' => self::oneOf($roots), 'cursor' => self::cursor(),
            'cell' => self::cursor(), 'mode' => 'hashes', 'max_bytes' => 65536, 'max_seconds' => 1,
            'include' => ['other_users', 'other_options'], 'paths' => [self::value(3), 'one/file.php']];
        foreach ($usual as $name => $value) {
            if ($name === 'table' || $name === 'root' || mt_rand(0, 2) === 0) {
                $params[$name] = mt_rand(0, 4) === 0 ? self::value() : $value;
            }
        }
        foreach (['exclude', 'part', 'parts', self::oneOf(['x', 'cells', '0'])] as $name) {
            if (mt_rand(0, 5) === 0) {
                $params[$name] = self::value();
            }
        }
        return [$endpoint, $params];
    }

    public function testWhateverIsAskedTheAnswerIsSoundAndHoldsNoSecret(): void
    {
        mt_srand(20261123);
        $seen = [];
        for ($round = 0; $round < self::ROUNDS; $round++) {
            [$endpoint, $params] = self::request();
            $json = json_encode((object) $params, JSON_PARTIAL_OUTPUT_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE);
            $raw = self::$source->rawBody($endpoint, (string) $json);
            $answer = Source::read($raw, $endpoint);
            $told = "round $round: $endpoint " . substr((string) $json, 0, 2000);
            self::assertTrue($answer->genuine && $answer->end !== null, $told);
            $code = $answer->end['error']['code'] ?? 'none';
            self::assertContains($code, array_merge(self::CODES, ['none']), $told . json_encode($answer->end));
            self::assertStringNotContainsString(self::SECRET, $raw, $told);
            foreach ($endpoint === 'files' ? AnswerReader::records($answer->data) : [] as $record) {
                self::assertStringNotContainsString('..', $record[0] === 'l' ? '' : (string) $record[1], $told);
            }
            $seen[$endpoint . ' ' . $code] = true;
        }
        // The attack reached what it was made for.
        $wanted = ['rows none', 'rows bad_request', 'rows unknown_table', 'rows cell_changed', 'files none'];
        self::assertSame([], array_diff($wanted, array_keys($seen)));
    }

    public function testBodiesThatAreNoObjects(): void
    {
        $bodies = ['', 'null', '[]', '"x"', '1', '{', '{}{}', "\xef\xbb\xbf{}", '[{}]', str_repeat('[', 100000), "\0",
            '{"a":'];
        foreach ($bodies as $body) {
            foreach (['preflight', 'tables', 'rows', 'files'] as $endpoint) {
                $end = Source::read(self::$source->rawBody($endpoint, $body), $endpoint)->end;
                self::assertSame('bad_request', $end['error']['code'], substr($body, 0, 20));
            }
        }
    }
}

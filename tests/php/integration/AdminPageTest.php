<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Integration;

use CustomMigrator\Auth\KeyStore;
use CustomMigrator\Tests\Support\DatabaseServer;
use CustomMigrator\Tests\Support\Network;
use CustomMigrator\Tests\Support\WordPress;
use PHPUnit\Framework\TestCase;

/** Tools > Custom Migrator in a real WordPress, as a browser sees it. */
final class AdminPageTest extends TestCase
{
    private const PAGE = '/wp-admin/tools.php?page=custom-migrator';
    private const FORM = ['Content-Type' => 'application/x-www-form-urlencoded'];

    /** @var DatabaseServer */
    private static $server;
    /** @var WordPress */
    private static $site;
    /** @var array<string, string> of a logged-in administrator */
    private static $admin;

    public static function setUpBeforeClass(): void
    {
        self::$server = new DatabaseServer();
        self::$site = new WordPress(self::$server);
        self::$site->run("require \$argv[1];\nwp_insert_user(['user_login' => 'editor', 'user_pass' => 'editor',
            'user_email' => 'e@example.com', 'role' => 'editor']);\n");
        self::$site->start();
        self::$admin = self::$site->login(WordPress::ADMIN, WordPress::PASSWORD);
    }

    public static function tearDownAfterClass(): void
    {
        self::$site->remove();
        self::$server->stop();
    }

    /** @param array<string, string>|null $cookies */
    private static function page(?array $cookies = null): string
    {
        $cookies = $cookies ?? self::$admin;
        return self::$site->request('GET', self::PAGE, '', [], $cookies)['body'];
    }

    /** @return array{status: int, headers: array<string, string>, body: string} */
    private static function send(array $fields, ?string $nonce = null): array
    {
        preg_match('/name="_wpnonce" value="([^"]+)"/', self::page(), $match);
        $fields += ['_wpnonce' => $nonce ?? $match[1]];
        $cookies = self::$admin;
        return self::$site->request('POST', self::PAGE, http_build_query($fields), self::FORM, $cookies);
    }

    /** @return string "cm1_..." */
    private static function create(string $label = '', string $days = ''): string
    {
        $answer = self::send(['custom_migrator_do' => 'create', 'label' => $label, 'days' => $days]);
        self::assertSame(1, preg_match('/value="(cm1_[^"]+)"/', $answer['body'], $match), $answer['body']);
        self::assertStringContainsString('no-store', $answer['headers']['cache-control']);
        return $match[1];
    }

    private static function statusWith(string $key): int
    {
        self::$site->key = $key;
        $headers = self::$site->signed('preflight', '{}');
        return self::$site->request('POST', WordPress::address('preflight'), '{}', $headers)['status'];
    }

    public function testAKeyIsShownOnceAndTheExporterIsOffBefore(): void
    {
        self::assertStringContainsString('Off: there is no active key', self::page());
        $key = self::create('my label', '30');
        [, $id, $secret] = explode('_', $key, 3);
        $page = self::page();
        self::assertStringContainsString('On: requests', $page);
        self::assertStringContainsString($id, $page);
        self::assertStringContainsString(gmdate('Y-m-d', time() + 30 * 86400), $page);
        self::assertStringNotContainsString($secret, $page);
        self::$site->key = $key;
        self::assertTrue(self::$site->ask('preflight')->end['complete']);
        $page = self::page();
        self::assertStringContainsString('export for the clone acme, generation 7', $page);
        self::assertMatchesRegularExpression('/database [0-9.]+ [KM]?B, files 0 B/', $page);
    }

    public function testAKeyEndsAfterAYearWhereverItIsMade(): void
    {
        self::assertSame(1, preg_match('/name="days"[^>]* value="(\d+)"/', self::page(), $match));
        $here = self::create('', $match[1]);
        $there = self::$site->cli('create-key')['key'];
        $never = self::$site->cli('create-key', '--days=0')['key'];
        $keys = self::$site->cli('list-keys')['keys'];
        foreach ([$here, $there] as $key) {
            $made = $keys[KeyStore::idOf($key)];
            self::assertSame(365 * 86400, $made['expires_at'] - $made['created_at']);
        }
        self::assertNull($keys[KeyStore::idOf($never)]['expires_at']);
    }

    public function testRotatedAndRevoked(): void
    {
        $old = self::create('to rotate');
        $id = explode('_', $old)[1];
        $answer = self::send(['custom_migrator_do' => 'rotate', 'key_id' => $id]);
        self::assertSame(1, preg_match('/value="(cm1_[^"]+)"/', $answer['body'], $match));
        self::$site->key = $match[1];
        self::assertTrue(self::$site->ask('preflight')->end['complete']);
        self::assertSame(404, self::statusWith($old));
        self::send(['custom_migrator_do' => 'revoke', 'key_id' => explode('_', $match[1])[1]]);
        self::assertSame(404, self::statusWith($match[1]));
        self::assertStringContainsString('refused: revoked key (preflight)', self::page());
    }

    public function testWhatComesFromOutsideIsText(): void
    {
        self::create('"><script>alert(1)</script><b onclick=x>');
        self::$site->run("require \$argv[1];\n\$log = json_encode([
            ['event' => 'refused', 'at' => 1, 'key_id' => '<i>', 'address' => '<i>', 'endpoint' => '<i>',
                'reason' => '<i>'],
            ['event' => 'export', 'at' => 1, 'clone_id' => '<i>', 'generation' => '<i>', 'address' => '\"><i>'],
            ['event' => '<i>', 'at' => 1, 'user' => '<i>']]);
            \$GLOBALS['wpdb']->replace(\$GLOBALS['wpdb']->options,
                ['option_name' => 'custom_migrator_log', 'option_value' => \$log, 'autoload' => 'no']);\n");
        $page = self::page();
        self::assertStringContainsString('&lt;i&gt;', $page);
        self::assertStringNotContainsString('<i>', $page);
        self::assertStringNotContainsString('alert(1)', $page);
        self::assertStringNotContainsString('onclick=x', $page);
    }

    public function testOnlyAdministratorsAndOnlyTheirOwnForms(): void
    {
        $before = self::$site->cli('list-keys');
        $create = ['custom_migrator_do' => 'create', 'label' => 'stolen'];
        self::assertSame(403, self::send($create, 'wrong')['status']);
        $editor = self::$site->login('editor', 'editor');
        self::assertSame(403, self::$site->request('GET', self::PAGE, '', [], $editor)['status']);
        $body = http_build_query($create);
        self::assertSame(403, self::$site->request('POST', self::PAGE, $body, self::FORM, $editor)['status']);
        $nobody = [];
        self::assertSame(302, self::$site->request('POST', self::PAGE, $body, self::FORM, $nobody)['status']);
        foreach (['rotate', 'revoke', 'delete'] as $what) {
            self::send(['custom_migrator_do' => $what, 'key_id' => 'unknown']);
        }
        self::assertSame($before, self::$site->cli('list-keys'));
    }

    public function testOfANetworkOnlyWhoeverManagesIt(): void
    {
        $site = new WordPress(self::$server);
        try {
            Network::of($site);
            $site->key = $site->cli('create-key')['key'];
            $site->start();
            $admin = $site->login(WordPress::ADMIN, WordPress::PASSWORD);
            $page = '/wp-admin/network/settings.php?page=custom-migrator';
            $body = $site->request('GET', $page, '', [], $admin)['body'];
            self::assertStringContainsString(explode('_', $site->key)[1], $body);
            self::assertStringContainsString('A key opens all sites of this network', $body);
            $owner = $site->login('owner', 'owner');
            self::assertSame(403, $site->request('GET', $page, '', [], $owner)['status']);
            self::assertSame(403, $site->request('GET', '/second' . self::PAGE, '', [], $owner)['status']);
            foreach (['', '/second'] as $path) {
                $headers = $site->signed('preflight', '{}');
                $answer = $site->request('POST', $path . WordPress::address('preflight'), '{}', $headers);
                self::assertSame(200, $answer['status']);
            }
            $facts = $site->ask('preflight')->documents[0];
            self::assertSame([1, $site->url], [$facts['site']['blog_id'], $facts['site']['home']]);
            self::assertSame([false, 1, true], [$facts['network']['subdomain_install'],
                $facts['network']['main_site_id'], $facts['network']['complete']]);
            self::assertSame([1 => '/', 2 => '/second/'], array_column($facts['network']['sites'], 'path', 'blog_id'));
            self::assertContains('wp_2_options', array_column($facts['tables'], 'name'));
        } finally {
            $site->remove();
        }
    }
}

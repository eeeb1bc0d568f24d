<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Integration;

use CustomMigrator\Tests\Support\AnswerReader;
use CustomMigrator\Tests\Support\DatabaseServer;
use CustomMigrator\Tests\Support\WordPress;
use PHPUnit\Framework\TestCase;

/** The plugin in a real WordPress, over HTTP, on hosts as they are. */
final class OddHostsTest extends TestCase
{
    private const LITTLE = ['memory_limit' => '64M', 'max_execution_time' => '5',
        'disable_functions' => 'set_time_limit'];

    /** @var DatabaseServer */
    private static $server;
    /** @var WordPress */
    private static $site;

    public static function setUpBeforeClass(): void
    {
        self::$server = new DatabaseServer();
        self::$site = new WordPress(self::$server);
        self::$site->key = self::$site->cli('create-key')['key'];
    }

    public static function tearDownAfterClass(): void
    {
        self::$site->remove();
        self::$server->stop();
    }

    protected function setUp(): void
    {
        self::$site->configure();
        self::$site->mustUse('');
        @unlink(self::$site->log());
    }

    /** @return array<string, array{0: array<string, string>, 1?: string, 2?: string, 3?: string}> as the test takes them */
    public function hosts(): array
    {
        $disabled = 'set_time_limit,php_uname,error_log,apache_setenv,ignore_user_abort,get_cfg_var,fnmatch,getmypid';
        $kept = 'PHP_OUTPUT_HANDLER_CLEANABLE | PHP_OUTPUT_HANDLER_FLUSHABLE';
        $debug = "define('WP_DEBUG', true); define('WP_DEBUG_DISPLAY', true);";
        $bom = "\xef\xbb\xbf\n";
        return [
            'usual' => [[]],
            'output is buffered' => [['output_buffering' => '4096']],
            'output is compressed' => [['zlib.output_compression' => '1']],
            'compressed, and with a byte order mark' => [['zlib.output_compression' => '1'], '', '', $bom],
            'a byte order mark' => [['output_buffering' => '0'], '', '', $bom],
            'a byte order mark, buffered' => [['output_buffering' => '4096'], '', '', $bom],
            'a plugin prints' => [['output_buffering' => '0'], 'echo str_repeat("<!-- hello -->\n", 2000);'],
            'a plugin compresses' => [[], 'ob_start("ob_gzhandler");'],
            'a plugin rewrites pages' => [[], 'ob_start(static function ($b) { return strtoupper($b); });
                ob_start(static function ($b) { return "x" . $b; }, 1000);'],
            'a buffer that stays' => [[], "ob_start(static function (\$b) { return \$b; }, 0, $kept);"],
            'notices on every page' => [['display_errors' => '1', 'html_errors' => '1', 'output_buffering' => '0'],
                'echo $undefined; ini_set("display_errors", "1"); trigger_error("x", E_USER_WARNING);', $debug],
            'a plugin with an error handler that prints' => [[], 'set_error_handler(function ($n, $m) { echo $m; });
                register_shutdown_function(function () { echo "bye"; });
                add_action("shutdown", function () { a_function_of_a_plugin_not_yet_loaded(); });', $debug],
            'functions are disabled' => [['disable_functions' => $disabled]],
            'REST is closed' => [[], 'add_filter("rest_enabled", "__return_false");
                add_filter("rest_authentication_errors", function () { return new WP_Error("no", "no"); });'],
            'little memory and time' => [self::LITTLE],
            'no access beyond the site' => [['open_basedir' => sys_get_temp_dir()]],
        ];
    }

    /**
     * @dataProvider hosts
     * @param array<string, string> $ini
     */
    public function testEveryAnswerIsWhole(
        array $ini,
        string $plugin = '',
        string $config = '',
        string $bytes = ''
    ): void {
        self::$site->configure($config, $bytes);
        self::$site->mustUse($plugin);
        self::$site->start($ini);
        foreach (['rest', 'plain', 'query'] as $spelling) {
            // What a proxy in between may ask for, whatever the client wants.
            $answer = self::$site->ask('preflight', [], $spelling, ['Accept-Encoding' => 'gzip, deflate, br']);
            self::assertTrue($answer->genuine);
            self::assertTrue($answer->end['complete'], (string) json_encode($answer->end));
            self::assertSame(self::$site->url, $answer->documents[0]['site']['home']);
        }
        $rows = self::$site->ask('rows', ['table' => 'wp_options']);
        self::assertTrue($rows->genuine && $rows->end['complete']);
        $names = array_column(AnswerReader::rows($rows->data, count($rows->documents[0]['columns'])), 1);
        self::assertContains('siteurl', $names);
        self::assertSame([], preg_grep('/^custom_migrator_/', $names));
        $files = self::$site->ask('files', ['root' => 'core', 'mode' => 'hashes']);
        self::assertTrue($files->genuine && $files->end['complete']);
        self::assertGreaterThan(1000, $files->end['files']);
    }

    public function testAnswersAreNeitherStoredNorCompressedNorHeldBack(): void
    {
        self::$site->start();
        $headers = self::$site->signed('preflight', '{}');
        $got = self::$site->request('POST', WordPress::address('preflight'), '{}', $headers)['headers'];
        self::assertStringContainsString('no-store', $got['cache-control']);
        self::assertStringContainsString('no-transform', $got['cache-control']);
        self::assertSame(['application/octet-stream', 'identity', 'no', 'noindex'], [$got['content-type'],
            $got['content-encoding'], $got['x-accel-buffering'], $got['x-robots-tag']]);
        self::assertArrayNotHasKey('content-length', $got);
    }

    public function testLittleMemoryAndTimeAreEnoughForLargeRows(): void
    {
        self::$site->start(self::LITTLE);
        $table = self::$site->database() . '.wp_heavy';
        self::$server->execute("CREATE TABLE $table (id int PRIMARY KEY, a longtext, b longblob) CHARSET utf8mb4");
        for ($id = 1; $id <= 12; $id++) {
            $times = $id === 7 ? 4500000 : 750000;
            self::$server->execute("INSERT INTO $table VALUES ($id, REPEAT('é', $times), REPEAT('b', 900000))");
        }
        $large = [];
        $rows = 0;
        foreach (self::$site->all('rows', ['table' => 'wp_heavy']) as $answer) {
            foreach (AnswerReader::rows($answer->data, 3) as $row) {
                $rows++;
                $large = array_merge($large, array_filter($row, 'is_array'));
            }
        }
        self::assertSame(12, $rows);
        self::assertContains(9000000, array_column($large, 'length'));
        foreach ($large as $cell) {
            $answers = self::$site->all('rows', ['table' => 'wp_heavy', 'cell' => $cell['token']]);
            $sizes = array_map(static function (AnswerReader $answer): int {
                return strlen(implode('', $answer->data));
            }, $answers);
            self::assertSame($cell['length'], array_sum($sizes));
        }
        self::assertSame('', (string) @file_get_contents(self::$site->log()));
    }

    public function testLittleMemoryAndTimeAreEnoughForALargeFolder(): void
    {
        self::$site->start(self::LITTLE);
        $folder = self::$site->content . '/uploads/many';
        mkdir($folder, 0755, true);
        for ($i = 0; $i < 6000; $i++) {
            touch("$folder/file-$i");
        }
        file_put_contents("$folder/big", str_repeat(random_bytes(1048576), 40));
        $ends = array_column(self::$site->all('files', ['root' => 'uploads']), 'end');
        self::assertSame(6001, array_sum(array_column($ends, 'files')));
        self::assertSame(40 * 1048576, array_sum(array_column($ends, 'bytes')));
        self::assertSame('', (string) @file_get_contents(self::$site->log()));
    }

    public function testBedrock(): void
    {
        $site = new WordPress(self::$server, true);
        try {
            $site->key = $site->cli('create-key')['key'];
            file_put_contents($site->folder . '/.env', 'DB_PASSWORD=secret');
            foreach (['plugins/akismet', 'themes/classic'] as $folder) {
                @mkdir($site->core . '/wp-content/' . $folder, 0755, true);
                touch($site->core . "/wp-content/$folder/of-core.php");
            }
            mkdir($site->content . '/uploads/2024/01', 0755, true);
            file_put_contents($site->content . '/uploads/2024/01/a.txt', 'upload');
            $site->start();
            $facts = $site->ask('preflight', [], 'query')->documents[0];
            self::assertSame([$site->url, $site->url . '/wp'], [$facts['site']['home'], $facts['site']['siteurl']]);
            $targets = array_column($facts['roots'], 'target', 'name');
            $paths = array_column($facts['roots'], 'path', 'name');
            self::assertSame(['wp-content/uploads', ''], [$targets['uploads'], $targets['core']]);
            self::assertSame([$site->content . '/uploads', $site->core], [$paths['uploads'], $paths['core']]);
            $found = $this->namesOf($site, array_keys($targets));
            self::assertContains('uploads 2024/01/a.txt', $found);
            self::assertContains('core wp-load.php', $found);
            self::assertContains('other wp-content/themes/classic/of-core.php', $found);
            self::assertNotContains('other wp-content/plugins/akismet/of-core.php', $found);
            self::assertSame([], preg_grep('/wp-config\.php$|\.env|custom-migrator/', $found));
            self::assertSame(array_unique($found), $found);
        } finally {
            $site->remove();
        }
    }

    /**
     * @param list<string> $roots
     * @return list<string> "root path" of all files
     */
    private function namesOf(WordPress $site, array $roots): array
    {
        $found = [];
        foreach ($roots as $root) {
            $answer = $site->ask('files', ['root' => $root, 'mode' => 'hashes']);
            foreach (AnswerReader::records($answer->data) as $record) {
                if ($record[0] === 'h') {
                    $found[] = $root . ' ' . $record[1];
                }
            }
        }
        return $found;
    }

    /** @return array<string, array{array<string, string>, ?string, string}> headers after signing, job, reason */
    public function refusals(): array
    {
        $old = (string) (time() - 400);
        return [
            'altered' => [['X-CM-Signature' => str_repeat('0', 64)], null, 'wrong signature'],
            'expired' => [[], 'acme.7.' . (time() - 1), 'job expired'],
            'too old' => [['X-CM-Time' => $old], null, 'clock skew'],
        ];
    }

    /**
     * @dataProvider refusals
     * @param array<string, string> $headers
     */
    public function testARefusalIsWordPresssOwn404AndLogged(array $headers, ?string $job, string $reason): void
    {
        self::$site->start();
        $path = WordPress::address('rows');
        $own = self::$site->request('POST', $path, '{}', ['Content-Type' => 'application/json']);
        $signed = self::$site->signed('rows', '{}', $headers, $job);
        $refused = self::$site->request('POST', $path, '{}', $signed);
        self::assertSame([404, $own['body']], [$refused['status'], $refused['body']]);
        $ignored = ['date' => '', 'http/1.1 404 not found' => ''];
        self::assertSame(array_diff_key($own['headers'], $ignored), array_diff_key($refused['headers'], $ignored));
        $query = self::$site->request('POST', WordPress::address('rows', 'query'), '{}', $signed);
        self::assertSame(404, $query['status']);
        self::assertStringContainsString('<title>Page not found', $query['body']);
        $log = array_column(self::$site->cli('log')['entries'], 'key_id', 'reason');
        self::assertSame(explode('_', self::$site->key)[1], $log[$reason] ?? null);
    }

    public function testWhateverHeadersAndAddressesComeWordPressAnswersAsEver(): void
    {
        self::$site->configure("define('WP_DEBUG', true);\ndefine('WP_DEBUG_DISPLAY', true);\n");
        self::$site->start(['display_errors' => '1']);
        mt_srand(22);
        $values = ['', '0', 'x', "' OR 1=1", '<script>', "\xff", str_repeat('a', 3000), '-1', '..',
            'acme.7.99999999999'];
        $rest = '/wp-json/custom-migrator/v1/';
        $addresses = ['/?custom_migrator=', '/?custom_migrator[]=rows', '/?custom_migrator=rows&rest_route=x',
            '/?rest_route=/custom-migrator/v1/', $rest, $rest . 'rows/../x', $rest . '%ff', '//custom-migrator/v1/rows',
            $rest . 'rows', WordPress::address('rows', 'query') . '&%5B=%', '/?custom_migrator=rows&a[b]=c'];
        for ($round = 0; $round < 60; $round++) {
            $headers = self::$site->signed('rows', '{}');
            foreach (['Key', 'Job', 'Time', 'Nonce', 'Signature'] as $name) {
                if (mt_rand(0, 3) === 0) {
                    $headers["X-CM-$name"] = $values[mt_rand(0, count($values) - 1)];
                }
            }
            $method = mt_rand(0, 4) === 0 ? 'PUT' : 'POST';
            $address = $addresses[$round % count($addresses)];
            $answer = self::$site->request($method, $address, '{"table":"wp_options"}', $headers);
            $told = "$method $address " . json_encode($headers);
            self::assertContains($answer['status'], [200, 301, 400, 404], $told);
            // The body is not the one that was signed.
            self::assertStringNotContainsString("\x89CMA1", $answer['body']);
            self::assertDoesNotMatchRegularExpression('/(Warning|Notice|Deprecated|error)<\/b>/', $answer['body']);
        }
        self::assertSame('', (string) @file_get_contents(self::$site->log()));
    }

    public function testARequestIsAnsweredOnce(): void
    {
        self::$site->start();
        $signed = self::$site->signed('preflight', '{}');
        $path = WordPress::address('preflight');
        self::assertSame(200, self::$site->request('POST', $path, '{}', $signed)['status']);
        self::assertSame(404, self::$site->request('POST', $path, '{}', $signed)['status']);
        self::assertContains('replayed nonce', array_column(self::$site->cli('log')['entries'], 'reason'));
    }

    public function testTheLogTellsWhatWasTaken(): void
    {
        self::$site->start();
        $job = 'measured.3.' . (time() + 60);
        $requests = ['preflight' => [], 'rows' => ['table' => 'wp_options'], 'files' => ['root' => 'core',
            'mode' => 'hashes']];
        $sent = [];
        foreach ($requests as $name => $params) {
            $body = (string) json_encode((object) $params);
            $headers = self::$site->signed($name, $body, [], $job);
            $answer = self::$site->request('POST', WordPress::address($name), $body, $headers);
            $sent[$name] = strlen($answer['body']);
        }
        $entries = array_column(self::$site->cli('log')['entries'], null, 'clone_id');
        self::assertGreaterThan(0.9 * $sent['files'], $entries['measured']['files_bytes']);
        self::assertLessThan($sent['rows'] + $sent['preflight'], $entries['measured']['database_bytes']);
        self::assertSame(['export', '127.0.0.1'], [$entries['measured']['event'], $entries['measured']['address']]);
    }

    public function testARequestWithoutAKeyCostsTheDatabaseNothing(): void
    {
        $key = self::$site->key;
        $id = explode('_', $key)[1];
        self::$site->start();
        $count = function (array $headers): int {
            $before = (int) self::$server->query("SHOW GLOBAL STATUS LIKE 'Questions'")[0][1];
            self::$site->request('POST', WordPress::address('rows'), '{}', $headers);
            return (int) self::$server->query("SHOW GLOBAL STATUS LIKE 'Questions'")[0][1] - $before;
        };
        $plain = $count(['Content-Type' => 'application/json']);
        $malformed = $count(['X-CM-Key' => 'x'] + self::$site->signed('rows', '{}'));
        self::assertSame($plain, $malformed);
        self::assertSame(['revoked' => true], self::$site->cli('revoke-key', $id));
        self::assertSame($plain, $count(self::$site->signed('rows', '{}')));
        self::$site->key = self::$site->cli('create-key')['key'];
        self::assertTrue(self::$site->ask('preflight')->end['complete']);
        $unknown = ['X-CM-Key' => '0000000000000000'] + self::$site->signed('rows', '{}');
        $count($unknown); // noted once a minute
        self::assertSame($plain + 2, $count($unknown));
    }
}

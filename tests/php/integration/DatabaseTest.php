<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Integration;

use CustomMigrator\Budget;
use CustomMigrator\Database\Connection;
use CustomMigrator\Database\Schema;
use CustomMigrator\Endpoint\Rows;
use CustomMigrator\Params;
use CustomMigrator\Site;
use CustomMigrator\Tests\Support\AnswerReader;
use CustomMigrator\Tests\Support\DatabaseServer;
use CustomMigrator\Tests\Support\Source;
use CustomMigrator\Wire\Answer;
use CustomMigrator\Wire\Encoding;
use PHPUnit\Framework\TestCase;

/** The endpoints on a real server, with the tables that make copies go wrong. */
final class DatabaseTest extends TestCase
{
    /** @var DatabaseServer */
    private static $server;

    public static function setUpBeforeClass(): void
    {
        self::$server = new DatabaseServer();
        self::$server->execute('CREATE DATABASE site CHARACTER SET utf8mb4');
        self::$server->execute('USE site');
        self::$server->execute('CREATE TABLE wp_options (option_id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,'
            . ' option_name varchar(191) UNIQUE, option_value longtext)');
    }

    public static function tearDownAfterClass(): void
    {
        self::$server->stop();
    }

    private static function source(): Source
    {
        return new Source(self::site());
    }

    private static function site(): Site
    {
        $database = ['host' => 'localhost:' . self::$server->socket(), 'user' => 'root', 'password' => '',
            'name' => 'site', 'flags' => 0, 'ssl_ca' => null];
        $paths = array_fill_keys(['abspath', 'content', 'plugins', 'mu_plugins', 'themes', 'uploads', 'self'], __DIR__);
        $tables = ['prefix' => 'wp_', 'multisite' => false, 'users' => null, 'usermeta' => null];
        return new Site(['versions' => []], $database, $paths, $tables);
    }

    /** @return array<string, mixed> what `tables` says of one table */
    private static function described(string $name): array
    {
        foreach (self::source()->ask('tables')->documents as $document) {
            if ($document['name'] === $name) {
                return $document;
            }
        }
        self::fail("no table $name");
    }

    public function testCellsOfEveryKindArriveInTheirStoredBytes(): void
    {
        self::$server->execute("CREATE TABLE wp_kinds (id int NOT NULL PRIMARY KEY, `select` varchar(50),
            l varchar(50) CHARACTER SET latin1, b blob, bi bit(10), d date, dt datetime, ts timestamp NULL,
            f float, dd double, n decimal(30,10), e enum('a','b'), g int AS (id + 1) VIRTUAL, p point, t time(3))");
        self::$server->execute("SET time_zone = '+02:00'");
        self::$server->execute("INSERT INTO wp_kinds (id, `select`, l, b, bi, d, dt, ts, f, dd, n, e, p, t) VALUES
            (1, 'NULL', CONVERT(_binary x'c3bc' USING latin1), x'0001ff0a5c', b'1000000001', '0000-00-00',
             '2024-00-00 00:00:00', '2024-01-01 02:00:00', 16777217, 0.1, 12345678901234567890.123456789, 'b',
             ST_GeomFromText('POINT(1 2)'), '-12:34:56.789'),
            (-2, '', NULL, '', NULL, NULL, NULL, NULL, 0.1, -1e308, -0.5, NULL, NULL, NULL)");
        self::$server->execute("UPDATE wp_kinds SET l = _binary x'c3bc' WHERE id = 1");
        $table = self::described('wp_kinds');
        self::assertTrue(array_column($table['columns'], 'generated', 'name')['g']);
        $rows = self::source()->rows('wp_kinds');
        $point = hex2bin('00000000' . '0101000000' . '000000000000f03f' . '0000000000000040');
        self::assertSame(['-2', '', null, '', null, null, null, null], array_slice($rows[0], 0, 8));
        self::assertSame(['1', 'NULL', "\xc3\xbc", "\0\1\xff\n\\", '513', '0000-00-00', '2024-00-00 00:00:00',
            '2024-01-01 00:00:00', '16777216', '0.1', '12345678901234567890.1234567890', 'b', $point,
            '-12:34:56.789'], $rows[1]);
        self::assertSame('0.10000000149011612', $rows[0][8]);
    }

    /** @return array<string, array{string}> */
    public function keys(): array
    {
        return [
            'number' => ['id bigint NOT NULL, v longtext, PRIMARY KEY (id)'],
            'text without regard to case' => ['id varchar(40) COLLATE utf8mb4_unicode_ci NOT NULL, v text,
                PRIMARY KEY (id)'],
            'latin1' => ['id varchar(40) CHARACTER SET latin1 NOT NULL, v text, PRIMARY KEY (id)'],
            'binary' => ['id varbinary(40) NOT NULL, v text, PRIMARY KEY (id)'],
            'composite' => ['id bigint NOT NULL, v varchar(30) NOT NULL, PRIMARY KEY (v, id)'],
            'composite with dates' => ["id int NOT NULL, v varchar(50), d datetime NOT NULL DEFAULT '0000-00-00',
                PRIMARY KEY (d, id)"],
            'unique' => ['id bigint NOT NULL, v varchar(30) NOT NULL, UNIQUE KEY u (id)'],
            'unique with NULL' => ['id bigint, v varchar(30) NOT NULL, UNIQUE KEY u (id)'],
            'none' => ['id bigint, v varchar(30), KEY v (v, id)'],
            'generated' => ['id bigint NOT NULL, v varchar(30), g bigint AS (id * 2) STORED, UNIQUE KEY g (g),
                PRIMARY KEY (id)'],
            'prefix of a text' => ['id varchar(60) NOT NULL, v varchar(30), PRIMARY KEY (id(20))'],
            'MyISAM' => ['id bigint NOT NULL, v varchar(30), PRIMARY KEY (id)) ENGINE=MyISAM COMMENT=(\'x\''],
        ];
    }

    /** @dataProvider keys */
    public function testEveryRowComesExactlyOnceHoweverOftenTheAnswerEnds(string $definition): void
    {
        $definition = str_replace("COMMENT=('x'", '', $definition);
        self::$server->execute('DROP TABLE IF EXISTS wp_keys');
        self::$server->execute("CREATE TABLE wp_keys ($definition" . (strpos($definition, 'ENGINE') ? '' : ')'));
        $values = [];
        for ($i = 0; $i < 6000; $i++) {
            $id = strpos($definition, 'id var') === false ? $i * 7 % 6007 - 300 : "'kEy" . ($i * 7 % 6007) . "''é'";
            $values[] = sprintf("(%s, 'value %024d')", $id, $i); // in all some frames
        }
        self::$server->execute('INSERT INTO wp_keys (id, v) VALUES ' . implode(',', $values));
        $params = ['table' => 'wp_keys', 'max_bytes' => Budget::MIN_BYTES];
        [$data, $requests] = self::source()->all('rows', $params);
        self::assertGreaterThan(1, $requests);
        $width = count(self::source()->ask('rows', $params)->documents[0]['columns']);
        $got = array_column(AnswerReader::rows($data, $width), 1);
        sort($got);
        $expected = array_column(self::$server->query('SELECT v FROM wp_keys'), 0);
        sort($expected);
        self::assertSame($expected, $got);
    }

    public function testACutAnswerGoesOnFromItsLastCheckpoint(): void
    {
        self::$server->execute('CREATE TABLE wp_cut (id int PRIMARY KEY, v text)');
        $bulk = str_repeat('x', 1000);
        for ($i = 0; $i < 5; $i++) {
            $rows = array_map(static function (int $id) use ($bulk): string {
                return "($id, '$id $bulk')";
            }, range($i * 1000, $i * 1000 + 999));
            self::$server->execute('INSERT INTO wp_cut VALUES ' . implode(',', $rows));
        }
        $raw = self::source()->raw('rows', ['table' => 'wp_cut']);
        foreach ([3000000, 4500000, strlen($raw) - 1] as $cut) {
            $first = Source::read(substr($raw, 0, $cut), 'rows');
            $cursor = end($first->checkpoints)['cursor'];
            [$rest] = self::source()->all('rows', ['table' => 'wp_cut', 'cursor' => $cursor]);
            $ids = array_column(AnswerReader::rows(array_merge($first->confirmed, $rest), 2), 0);
            self::assertSame(array_map('strval', range(0, 4999)), $ids);
        }
    }

    /** @return array<string, array{string}> */
    public function largeCellTables(): array
    {
        return ['by key' => ['PRIMARY KEY (id)'], 'by offset' => ['KEY v (v)']];
    }

    /** @dataProvider largeCellTables */
    public function testACellLargerThanThePacketComesInPieces(string $key): void
    {
        self::$server->execute('DROP TABLE IF EXISTS wp_large');
        self::$server->execute("CREATE TABLE wp_large (id int, v varchar(9), t longtext, b longblob, $key)");
        self::$server->execute("INSERT INTO wp_large VALUES (1, 'a', 'small', NULL),
            (2, 'b', CONCAT(REPEAT('é0', 2000000), REPEAT('é1', 2000000)), REPEAT(x'00ff0a', 2000000))");
        self::$server->execute('SET GLOBAL max_allowed_packet = 4194304'); // for the connections that follow
        $expected = str_repeat('é0', 2000000) . str_repeat('é1', 2000000);
        $rows = self::source()->rows('wp_large');
        self::assertSame(['1', 'a', 'small', null], $rows[0]);
        self::assertSame([12000000, 6000000], array_column(array_slice($rows[1], 2), 'length'));
        $cell = ['table' => 'wp_large', 'cell' => $rows[1][2]['token'], 'max_bytes' => Budget::MIN_BYTES];
        [$data, $requests] = self::source()->all('rows', $cell);
        self::assertGreaterThan(1, $requests);
        self::assertSame(sha1($expected), sha1(implode('', $data)));
        [$data] = self::source()->all('rows', ['table' => 'wp_large', 'cell' => $rows[1][3]['token']]);
        self::assertSame(sha1(str_repeat("\x00\xff\n", 2000000)), sha1(implode('', $data)));
        self::$server->execute("UPDATE wp_large SET t = 'short' WHERE id = 2");
        self::assertSame('cell_changed', self::source()->ask('rows', $cell)->end['error']['code']);
        self::$server->execute('SET GLOBAL max_allowed_packet = 16777216');
    }

    public function testSessionsTransientsAndOurOwnRowsStayBehind(): void
    {
        self::$server->execute("INSERT INTO wp_options (option_name, option_value) VALUES ('siteurl', 'x'),
            ('_transient_a', 'x'), ('_site_transient_timeout_b', 'x'), ('custom_migrator_keys', 'secret'),
            ('xtransientx', 'kept'), (NULL, 'kept')");
        self::$server->execute('CREATE TABLE wp_usermeta (umeta_id int PRIMARY KEY, meta_key varchar(255))');
        self::$server->execute("INSERT INTO wp_usermeta VALUES (1, 'session_tokens'), (2, 'nickname'),
            (3, '_application_passwords'), (4, NULL)");
        self::$server->execute('CREATE TABLE wp_woocommerce_sessions (id int PRIMARY KEY)');
        self::$server->execute('INSERT INTO wp_woocommerce_sessions VALUES (1)');
        self::assertSame(['siteurl', 'xtransientx', null], array_column(self::source()->rows('wp_options'), 1));
        $meta = array_map(static function (array $row): ?string {
            return $row[1];
        }, self::source()->rows('wp_usermeta'));
        self::assertSame(['nickname', null], $meta);
        self::assertSame([], self::source()->rows('wp_woocommerce_sessions'));
        self::assertSame('usermeta', self::described('wp_usermeta')['row_filter']);
    }

    public function testAnInventedTokenOpensNoRowThatStaysBehind(): void
    {
        self::$server->execute("INSERT INTO wp_options (option_id, option_name, option_value) VALUES
            (9001, 'custom_migrator_log', 'secret'), (9002, 'travels', 'public')");
        $cell = static function (int $id): array {
            $token = Encoding::cursor(['k' => [base64_encode((string) $id)], 'c' => 'option_value', 'n' => 6]);
            return ['table' => 'wp_options', 'cell' => $token];
        };
        self::assertSame('public', implode('', self::source()->all('rows', $cell(9002))[0]));
        $answer = self::source()->ask('rows', $cell(9001));
        self::assertSame('cell_changed', $answer->end['error']['code']);
        self::assertSame([], $answer->data);
    }

    public function testCopiesOfTheOptionsKeepOurKeysToo(): void
    {
        self::$server->execute('CREATE TABLE wp_options_before_update AS SELECT * FROM wp_options WHERE 0 = 1');
        self::$server->execute('CREATE TABLE copied AS SELECT * FROM wp_options WHERE 0 = 1');
        foreach (['wp_options_before_update', 'copied'] as $table) {
            self::$server->execute("INSERT INTO $table (option_id, option_name, option_value) VALUES
                (1, 'custom_migrator_keys', 'secret'), (2, 'CUSTOM_MIGRATOR_KEYS', 'secret'), (3, 'siteurl', 'kept')");
            $params = ['table' => $table, 'include' => ['copied']];
            $answer = self::source()->ask('rows', $params);
            $rows = AnswerReader::rows($answer->data, count($answer->documents[0]['columns']));
            self::assertSame(['kept'], array_column($rows, 2));
        }
        self::assertSame('options', self::described('wp_options_before_update')['row_filter']);
    }

    /** @return array<string, array{string, string, list<string>}> */
    public function changes(): array
    {
        $keyed = 'id int AUTO_INCREMENT PRIMARY KEY, v longtext';
        return [
            'nothing' => [$keyed, 'DO 1', []],
            'a row more' => [$keyed, "INSERT INTO wp_drift (v) VALUES ('new')", ['update_time', 'auto_increment']],
            'a row less' => [$keyed, 'DELETE FROM wp_drift WHERE id = 2', ['update_time']],
            'a row changed' => [$keyed, "UPDATE wp_drift SET v = 'other' WHERE id = 2", ['update_time']],
            'nothing, without a key' => ['id int, v longtext', 'DO 1', []],
            'a row less, without a key' => ['id int, v longtext', 'DELETE FROM wp_drift WHERE id = 2',
                ['update_time', 'row_count']],
            'MyISAM' => [$keyed . ') ENGINE=MyISAM CHECKSUM=0 COMMENT=(', "UPDATE wp_drift SET v = 'x' WHERE id = 2",
                ['update_time']],
        ];
    }

    /**
     * @dataProvider changes
     * @param list<string> $evidence
     */
    public function testARowThatChangesBetweenAnswersIsToldAtTheEnd(string $table, string $sql, array $evidence): void
    {
        self::$server->execute('DROP TABLE IF EXISTS wp_drift');
        self::$server->execute('CREATE TABLE wp_drift (' . str_replace(' COMMENT=(', '', $table)
            . (strpos($table, 'ENGINE') ? '' : ')'));
        $rows = array_map(static function (int $id): string {
            return "($id, REPEAT('x', 1000))";
        }, range(1, 600));
        self::$server->execute('INSERT INTO wp_drift VALUES ' . implode(',', $rows));
        self::awaitNextSecond(); // what was changed in the second of the beginning counts as changed since
        $params = ['table' => 'wp_drift', 'max_bytes' => Budget::MIN_BYTES];
        $first = self::source()->ask('rows', $params);
        self::assertFalse($first->end['complete']);
        self::assertArrayNotHasKey('changed', $first->end);
        self::$server->execute($sql);
        $end = $first->end;
        while (!$end['complete']) {
            $end = self::source()->ask('rows', ['cursor' => $end['cursor']] + $params)->end;
        }
        self::assertSame([$evidence !== [], $evidence], [$end['changed'], $end['changed_by']]);
    }

    private static function awaitNextSecond(): void
    {
        $now = (int) self::$server->query('SELECT UNIX_TIMESTAMP()')[0][0];
        while ((int) self::$server->query('SELECT UNIX_TIMESTAMP()')[0][0] === $now) {
            usleep(20000);
        }
    }

    public function testOneAnswerIsOneView(): void
    {
        self::$server->execute('CREATE TABLE wp_one_view (id int PRIMARY KEY)');
        $end = self::source()->ask('rows', ['table' => 'wp_one_view'])->end;
        self::assertSame([true, false, []], [$end['complete'], $end['changed'], $end['changed_by']]);
    }

    public function testSmallTablesComeInOneAnswerEachWithItsEnd(): void
    {
        self::$server->execute('CREATE TABLE wp_one (id int PRIMARY KEY, v varchar(9)) ENGINE=InnoDB');
        self::$server->execute('CREATE TABLE wp_two (v varchar(9)) ENGINE=MyISAM');
        self::$server->execute('CREATE TABLE wp_three (id int PRIMARY KEY) ENGINE=InnoDB');
        self::$server->execute("INSERT INTO wp_one VALUES (2, 'b'), (1, 'a')");
        self::$server->execute("INSERT INTO wp_two VALUES ('x')");
        self::$server->execute('CREATE TABLE `wp_größe 日本` (`größe` int PRIMARY KEY)');
        $names = ['wp_two', 'wp_one', 'wp_three', 'wp_größe 日本'];
        $answer = self::source()->ask('rows', ['tables' => $names]);
        self::assertSame($names, array_column($answer->documents, 'table'));
        self::assertSame($names, array_column($answer->checkpoints, 'table'));
        self::assertSame(['größe'], $answer->documents[3]['columns']);
        self::assertSame(array_fill(0, 4, true), array_column($answer->checkpoints, 'complete'));
        self::assertSame(array_fill(0, 4, null), array_column($answer->checkpoints, 'cursor'));
        self::assertSame([1, 2, 0, 0], array_column($answer->checkpoints, 'rows'));
        self::assertSame(false, $answer->checkpoints[1]['changed']);
        self::assertSame([['x']], AnswerReader::rows([$answer->data[0]], 1));
        self::assertSame([['1', 'a'], ['2', 'b']], AnswerReader::rows([$answer->data[1]], 2));
        self::assertTrue($answer->end['complete'] && $answer->genuine);
    }

    public function testWhereOneAnswerDoesNotSufficeTheLastTableGoesOnByItself(): void
    {
        self::$server->execute('CREATE TABLE wp_long (id int PRIMARY KEY, v varchar(100))');
        self::$server->execute("INSERT INTO wp_long SELECT seq, REPEAT('y', 100) FROM seq_1_to_5000");
        $answer = self::source()->ask('rows', ['tables' => ['wp_long', 'wp_options'], 'max_bytes' => 65536]);
        $cut = end($answer->checkpoints);
        self::assertSame(['wp_long'], array_column($answer->documents, 'table'));
        self::assertSame(['wp_long', false], [$cut['table'], $cut['complete']]);
        self::assertSame([false, null], [$answer->end['complete'], $answer->end['cursor']]);
        $rest = self::source()->all('rows', ['table' => 'wp_long', 'cursor' => $cut['cursor']])[0];
        $rows = AnswerReader::rows(array_merge($answer->data, $rest), 2);
        self::assertSame(range(1, 5000), array_map('intval', array_column($rows, 0)));
    }

    public function testABrokenTableIsLeftOutAndTheOthersTravel(): void
    {
        self::$server->execute('CREATE TABLE wp_broken (id int PRIMARY KEY) ENGINE=MyISAM');
        self::$server->execute('CREATE VIEW wp_view_of_nothing AS SELECT id FROM wp_broken');
        self::$server->execute('FLUSH TABLES');
        unlink(self::$server->folder . '/data/site/wp_broken.MYI');
        $facts = self::source()->ask('preflight', ['files_seconds' => 0])->documents[0];
        self::assertSame('broken', array_column($facts['left_out'], 'reason', 'name')['wp_broken'] ?? null);
        $tables = array_column(self::source()->ask('tables')->documents, null, 'name');
        self::assertArrayNotHasKey('wp_broken', $tables);
        self::assertArrayHasKey('wp_options', $tables);
        self::$server->execute('DROP VIEW wp_view_of_nothing');
        self::$server->execute('DROP TABLE IF EXISTS wp_broken');
    }

    public function testDefinitionsOfTablesViewsAndTriggers(): void
    {
        self::$server->execute("CREATE TABLE `wp_odd ``name` (`key` int PRIMARY KEY, `group` varchar(9) DEFAULT 'ü')");
        self::$server->execute('CREATE TRIGGER wp_trig BEFORE INSERT ON `wp_odd ``name` FOR EACH ROW'
            . ' SET NEW.`group` = UPPER(NEW.`group`)');
        self::$server->execute('CREATE VIEW wp_a_view AS SELECT `key` FROM `wp_odd ``name`');
        $table = self::described('wp_odd `name');
        self::assertStringContainsString("DEFAULT 'ü'", $table['create']);
        self::assertSame(['key'], $table['key']);
        self::assertSame(['wp_trig', 'BEFORE', 'INSERT'], [$table['triggers'][0]['name'],
            $table['triggers'][0]['timing'], $table['triggers'][0]['event']]);
        self::assertStringNotContainsStringIgnoringCase('definer', (string) json_encode($table['triggers']));
        $view = self::described('wp_a_view');
        self::assertSame(['view', 0], [$view['type'], strpos($view['create'], 'CREATE VIEW `wp_a_view` AS')]);
        self::assertSame([], self::source()->rows('wp_odd `name'));
    }

    public function testOnlyTablesOfTheSite(): void
    {
        self::$server->execute('CREATE DATABASE IF NOT EXISTS other');
        self::$server->execute('CREATE TABLE other.wp_x (id int PRIMARY KEY)');
        self::$server->execute('CREATE TABLE shop_stock (id int PRIMARY KEY)');
        foreach (['shop_stock', 'wp_x', 'other.wp_x', 'mysql.user', 'wp_a_view', "wp_options' OR '1"] as $name) {
            $answer = self::source()->ask('rows', ['table' => $name]);
            self::assertSame('unknown_table', $answer->end['error']['code'], $name);
        }
        self::assertArrayNotHasKey('error', self::source()
            ->ask('rows', ['table' => 'shop_stock', 'include' => ['shop_stock']])->end);
    }

    public function testPreflight(): void
    {
        $answer = self::source()->ask('preflight', ['files_seconds' => 0]);
        self::assertSame(['complete' => true, 'cursor' => null], array_slice($answer->end, 0, 2));
        $facts = $answer->documents[0];
        self::assertContains($facts['versions']['server'], ['mariadb', 'mysql']);
        self::assertMatchesRegularExpression('/^\d+\.\d+\.\d+$/D', $facts['versions']['database']);
        self::assertSame('wp_', $facts['database']['prefix']);
        self::assertSame(['option_id'], array_column($facts['tables'], 'key', 'name')['wp_options']);
        self::assertSame(1, $facts['protocol']);
    }

    /** @return list<array{string, array<string, mixed>, string}> */
    public function badRequests(): array
    {
        $rows = ['table' => 'wp_options'];
        return [
            ['nothing', [], 'unknown_endpoint'],
            ['rows', [], 'bad_request'],
            ['rows', $rows + ['max_seconds' => 60], 'bad_request'],
            ['rows', $rows + ['max_bytes' => '5'], 'bad_request'],
            ['rows', $rows + ['cursor' => '???'], 'bad_request'],
            ['rows', $rows + ['cursor' => base64_encode('{"k":["MSBPUiAxPTE="]}')], 'bad_request'],
            ['rows', $rows + ['cursor' => base64_encode('{"o":1}')], 'bad_request'],
            ['rows', $rows + ['cell' => base64_encode('{"k":["MQ=="],"c":"no","n":1}')], 'bad_request'],
            ['rows', $rows + ['include' => 'x'], 'bad_request'],
            ['rows', ['tables' => 'wp_options'], 'bad_request'],
            ['rows', ['tables' => array_fill(0, Rows::MOST_TABLES + 1, 'wp_options')], 'bad_request'],
            ['rows', ['tables' => ['wp_options', 'mysql.user']], 'unknown_table'],
        ];
    }

    /**
     * @dataProvider badRequests
     * @param array<string, mixed> $params
     */
    public function testBadRequestsAreToldSo(string $endpoint, array $params, string $code): void
    {
        $end = self::source()->ask($endpoint, $params)->end;
        self::assertSame([false, null, $code], [$end['complete'], $end['cursor'], $end['error']['code']]);
    }

    /** Of a million transients at the end of the options, which do not travel, a slow server finds none for seconds. */
    public function testATableIsCompleteOnceItsEndWasReadHoweverLongThatTook(): void
    {
        self::$server->execute('CREATE TABLE wp_slow (id int PRIMARY KEY)');
        self::assertSame([true, 0], self::rowsWithoutTime('wp_slow'));
        self::$server->execute('INSERT INTO wp_slow VALUES (1), (2), (3)');
        self::assertSame([true, 3], self::rowsWithoutTime('wp_slow'));
    }

    /** @return array{bool, int} complete, rows */
    private static function rowsWithoutTime(string $table): array
    {
        $schema = new Schema(Connection::open(self::site()->database()), self::site()->scope([]));
        $answer = new Answer('key', 'nonce', 'rows', static function (string $bytes): void {
        });
        $rows = new Rows($schema->connection(), $schema->table($table));
        $end = $rows->run(new Params([]), $answer, new Budget(0.0, PHP_INT_MAX));
        return [$end['complete'], $end['rows']];
    }
}

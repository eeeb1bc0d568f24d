<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Unit;

use CustomMigrator\Database\Column;
use CustomMigrator\Database\Definitions;
use CustomMigrator\Database\Host;
use CustomMigrator\Database\RowQuery;
use CustomMigrator\Database\Scope;
use CustomMigrator\Database\Table;
use PHPUnit\Framework\TestCase;

/** What is said to the database, as text. */
final class DatabaseTextTest extends TestCase
{
    /** @dataProvider hosts */
    public function testHostsAsWordPressTakesThem(string $text, array $expected): void
    {
        self::assertSame($expected, Host::parse($text));
    }

    /** @return list<array{string, array}> */
    public function hosts(): array
    {
        return [
            ['localhost', ['localhost', null, null]],
            ['db.example.com:3307', ['db.example.com', 3307, null]],
            ['localhost:/run/mysqld/mysqld.sock', ['localhost', null, '/run/mysqld/mysqld.sock']],
            [':/tmp/mysql.sock', ['', null, '/tmp/mysql.sock']],
            ['[::1]', ['::1', null, null]],
            ['[2001:db8::1]:3306', ['2001:db8::1', 3306, null]],
            ['2001:db8::1', ['2001:db8::1', null, null]],
            ['127.0.0.1:3306:/tmp/s', ['127.0.0.1', 3306, '/tmp/s']],
        ];
    }

    /** @dataProvider definitions */
    public function testDefinersAreTakenOut(string $create, string $expected): void
    {
        self::assertSame($expected, Definitions::withoutDefiner($create));
    }

    /** @return list<array{string, string}> */
    public function definitions(): array
    {
        $plain = 'CREATE VIEW `v` AS select `a`.`DEFINER` AS `DEFINER=x` from `a`';
        $rest = substr($plain, strlen('CREATE '));
        return [
            ['CREATE ALGORITHM=UNDEFINED DEFINER=`root`@`localhost` SQL SECURITY DEFINER ' . $rest, $plain],
            ['CREATE ALGORITHM=MERGE DEFINER=`a``b`@`%` SQL SECURITY INVOKER ' . $rest,
                'CREATE ALGORITHM=MERGE ' . $rest],
            ['CREATE DEFINER=admin@localhost ' . $rest, $plain],
            ['CREATE TABLE `t` (`x` int DEFAULT 1) COMMENT=\'DEFINER=`a`@`b` \'',
                'CREATE TABLE `t` (`x` int DEFAULT 1) COMMENT=\'DEFINER=`a`@`b` \''],
        ];
    }

    public function testTablesOfAnotherSiteUnderOurPrefixAreLeftOut(): void
    {
        $other = ['wp_dev_options', 'wp_dev_posts', 'wp_dev_users', 'wp_dev_shop'];
        $ours = ['wp_options', 'wp_posts', 'wp_users', 'wp_shop', 'wp_my_options'];
        $names = array_merge($ours, $other, ['else_options', 'WP_upper']);
        self::assertSame([$ours, $other], (new Scope('wp_', false))->divide($names));
        [$included] = (new Scope('wp_', false, ['else_options', 'wp_dev_shop']))->divide($names);
        self::assertContains('else_options', $included);
        self::assertContains('wp_dev_shop', $included);
        self::assertSame([], (new Scope('wp_', true))->divide($names)[1]);
    }

    public function testWhichRowsStayBehind(): void
    {
        $scope = new Scope('wp_', false, [], 'people_meta');
        $filters = array_map([$scope, 'filter'], ['wp_options', 'wp_usermeta', 'people_meta', 'wp_woocommerce_sessions',
            'wp_sitemeta', 'wp_posts', 'options', 'wp_2_options']);
        self::assertSame(['options', 'usermeta', 'usermeta', 'empty', 'options', null, null, null], $filters);
        self::assertSame('options', (new Scope('wp_', true))->filter('wp_2_options'));
        self::assertStringContainsString('`meta_key`', (string) $scope->condition('wp_sitemeta'));
        self::assertStringContainsString('\_application\_passwords', (string) $scope->condition('people_meta'));
    }

    private static function column(string $name, string $type, ?string $collation = null, string $extra = ''): Column
    {
        $row = ['Field' => $name, 'Type' => $type, 'Collation' => $collation, 'Null' => 'NO', 'Extra' => $extra];
        return Column::fromShow($row);
    }

    public function testKindsAndCharsets(): void
    {
        $kinds = ['bigint(20) unsigned' => 'number', 'float' => 'number', 'bit(3)' => 'bit', 'longtext' => 'text',
            "enum('a(b','c')" => 'text', 'varbinary(16)' => 'binary', 'json' => 'json', 'point' => 'geometry',
            'timestamp' => 'temporal', 'year(4)' => 'temporal', 'uuid' => 'other', 'double unsigned' => 'number'];
        foreach ($kinds as $type => $kind) {
            self::assertSame($kind, self::column('c', $type)->kind, $type);
        }
        self::assertSame('utf8mb4', self::column('c', 'text', 'utf8mb4_0900_ai_ci')->charset);
        self::assertSame('latin1', self::column('c', 'text', 'latin1_swedish_ci')->charset);
        self::assertSame('utf8mb4', self::column('c', 'text', 'uca1400_ai_ci')->charset);
        self::assertTrue(self::column('c', 'int(11)', null, 'STORED GENERATED')->generated);
        self::assertFalse(self::column('c', 'datetime', null, 'DEFAULT_GENERATED')->generated);
    }

    /** @param list<string> $key */
    private static function table(array $key, bool $transactional = true): Table
    {
        $columns = [
            self::column('id', 'bigint(20)'),
            self::column('order', 'varchar(20)', 'utf8mb4_unicode_ci'),
            self::column('at', 'datetime'),
            self::column('raw', 'varbinary(20)'),
        ];
        return new Table('we`ird', $transactional, $columns, $key === [] ? null : 'PRIMARY', $key, null);
    }

    public function testTheFirstPageByKey(): void
    {
        $sql = 'SELECT `id`, `order`, `at`, `raw` FROM `we``ird` FORCE INDEX (`PRIMARY`) ORDER BY `id` LIMIT 7';
        self::assertSame($sql, (new RowQuery(self::table(['id']), 1000))->sql(null, 7));
    }

    public function testACursorOverSeveralColumnsComparesByTheirOwnRules(): void
    {
        $after = RowQuery::after(self::table(['order', 'id', 'raw']), ["a'\xc3\xa9", '-5', "\x00\xff"]);
        $order = "_utf8mb4 x'6127c3a9'";
        $raw = "_binary x'00ff'";
        self::assertSame("(`order` >= $order AND (`order` > $order OR (`order` = $order AND "
            . "`id` >= -5 AND (`id` > -5 OR (`id` = -5 AND `raw` > $raw)))))", $after);
    }

    public function testACursorCannotCarrySql(): void
    {
        $this->expectException(\InvalidArgumentException::class);
        RowQuery::after(self::table(['id']), ['1 OR 1=1']);
    }

    public function testByOffsetNoIndexIsUsed(): void
    {
        $sql = (new RowQuery(self::table([], false), 1000))->sql(40, 7);
        self::assertStringEndsWith('FROM `we``ird` USE INDEX () LIMIT 40, 7', $sql);
        self::assertStringStartsWith('SELECT SQL_BUFFER_RESULT `id`', $sql);
    }
}

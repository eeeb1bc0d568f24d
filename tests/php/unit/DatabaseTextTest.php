<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Unit;

use CustomMigrator\Database\Column;
use CustomMigrator\Database\Definitions;
use CustomMigrator\Database\Host;
use CustomMigrator\Database\RowFilter;
use CustomMigrator\Database\RowQuery;
use CustomMigrator\Database\Scope;
use CustomMigrator\Database\Table;
use CustomMigrator\Database\TableStatus;
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
        self::assertSame([], (new Scope('wp_', true))->divide($names)[1]);
        [$dev, $left] = (new Scope('wp_dev_', false))->divide($names);
        self::assertSame([$other, []], [$dev, $left]);
    }

    public function testOtherTablesAreAddedByNameButNoneOfAnotherWordPress(): void
    {
        $names = ['wp_options', 'wp_posts', 'wp_users', 'wp_dev_options', 'wp_dev_posts', 'wp_dev_users', 'wp_dev_shop',
            'blog_options', 'blog_users', 'blog_notes', 'stock', 'my_options', 'people'];
        $include = ['wp_dev_shop', 'blog_options', 'blog_notes', 'stock', 'my_options', 'absent'];
        $scope = new Scope('wp_', false, ['users' => 'people', 'usermeta' => null], $include);
        [$ours, $left] = $scope->divide($names);
        self::assertSame(['wp_options', 'wp_posts', 'wp_users', 'stock', 'my_options', 'people'], $ours);
        self::assertSame([], array_diff(['wp_dev_shop', 'blog_options', 'blog_notes'], $left));
        [$ours, $left] = (new Scope('wp_dev_', false, [], ['wp_users', 'stock']))->divide($names);
        self::assertSame([['wp_users'], true], [$left, in_array('stock', $ours, true)]);
    }

    public function testAServerThatDoesNotTellCaseApart(): void
    {
        $scope = (new Scope('Wp_', false, ['users' => 'People', 'usermeta' => null]))->ignoringCase();
        self::assertSame(['wp_options', 'people'], $scope->divide(['wp_options', 'people', 'other'])[0]);
        self::assertSame('options', $scope->role('wp_options'));
        self::assertSame([[], []], (new Scope('Wp_', false))->divide(['wp_options']));
    }

    public function testRolesOfTables(): void
    {
        $scope = new Scope('wp_', false, ['users' => null, 'usermeta' => 'people_meta']);
        self::assertSame(['options', 'usermeta', null, '2_options'], array_map([$scope, 'role'], ['wp_options',
            'people_meta', 'options', 'wp_2_options']));
        self::assertSame('options', (new Scope('wp_', true))->role('wp_2_options'));
    }

    /** @dataProvider filters */
    public function testWhichRowsStayBehind(?string $expected, ?string $role, array $columns): void
    {
        $filter = RowFilter::of($role, $columns);
        self::assertSame($expected, $filter === null ? null : $filter->name);
    }

    /** @return array<string, array{?string, ?string, list<string>}> */
    public function filters(): array
    {
        $options = ['option_id', 'option_name', 'option_value', 'autoload'];
        $usermeta = ['umeta_id', 'user_id', 'meta_key', 'meta_value'];
        $sessions = ['session_id', 'session_key', 'session_value', 'session_expiry'];
        return [
            'options' => ['options', 'options', $options],
            'a copy of options' => ['options', 'options_old', array_map('strtoupper', $options)],
            'options of somebody else' => ['options', null, $options],
            'user meta' => ['usermeta', 'usermeta', $usermeta],
            'a copy of user meta' => ['usermeta', null, $usermeta],
            'network meta' => ['options', 'sitemeta', ['meta_id', 'site_id', 'meta_key', 'meta_value']],
            'post meta' => [null, 'postmeta', ['meta_id', 'post_id', 'meta_key', 'meta_value']],
            'sessions' => ['empty', 'woocommerce_sessions', $sessions],
            'a copy of sessions' => ['empty', 'old_sessions', $sessions],
            'a plugin with such a name' => [null, 'options', ['id', 'name', 'value']],
        ];
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
        $status = TableStatus::fromRow(['engine' => $transactional ? 'InnoDB' : 'MyISAM', 'now' => '1',
            'updated_at' => null, 'auto_increment' => null, 'row_count' => '0', 'options' => '']);
        return new Table('we`ird', $status, $columns, $key === [] ? null : 'PRIMARY', $key, null);
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

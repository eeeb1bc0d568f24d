<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Integration;

use CustomMigrator\Auth\NonceStore;
use CustomMigrator\Tests\Support\DatabaseServer;
use CustomMigrator\WpdbOptionRows;
use PHPUnit\Framework\TestCase;

/** Rows of the options table on a real server, with others changing them meanwhile. */
final class OptionRowsTest extends TestCase
{
    /** @var DatabaseServer */
    private static $server;
    /** @var WpdbOptionRows */
    private $rows;

    public static function setUpBeforeClass(): void
    {
        require_once __DIR__ . '/../support/FakeWpdb.php';
        self::$server = new DatabaseServer();
        self::$server->execute('CREATE DATABASE site CHARACTER SET utf8mb4');
        self::$server->execute('USE site');
        self::$server->execute('CREATE TABLE wp_options (option_id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,'
            . " option_name varchar(191) NOT NULL UNIQUE, option_value longtext NOT NULL,"
            . " autoload varchar(20) NOT NULL DEFAULT 'yes')");
    }

    public static function tearDownAfterClass(): void
    {
        self::$server->stop();
    }

    protected function setUp(): void
    {
        self::$server->execute('DELETE FROM wp_options');
        $this->rows = new WpdbOptionRows(new \wpdb(self::$server), 'wp_options');
    }

    /** @dataProvider beginnings */
    public function testNoChangeIsLostWhenTwoChangeAtOnce(array $beginning): void
    {
        if ($beginning !== []) {
            $this->rows->change('list', static function () use ($beginning): array {
                return $beginning;
            });
        }
        $interrupted = false;
        $this->rows->change('list', function (array $list) use (&$interrupted): array {
            if (!$interrupted) {
                $interrupted = true;
                $this->rows->change('list', static function (array $other): array {
                    return array_merge($other, ['other']);
                });
            }
            return array_merge($list, ['own']);
        });
        self::assertSame(array_merge($beginning, ['other', 'own']), $this->rows->read('list'));
    }

    /** @return list<array{list<string>}> */
    public function beginnings(): array
    {
        return [[[]], [['first', "quo'te \\ ü"]]];
    }

    public function testANonceIsTakenOnceAndSweptLater(): void
    {
        $nonces = new NonceStore($this->rows);
        self::assertTrue($nonces->take('abc', 1000));
        self::assertFalse($nonces->take('abc', 1001));
        self::$server->execute("INSERT INTO wp_options (option_name, option_value) VALUES
            ('customXmigratorXnonceXy', '1')");
        $nonces->sweep(1000 + NonceStore::KEEP_SECONDS);
        self::assertFalse($nonces->take('abc', 1002));
        $nonces->sweep(1001 + NonceStore::KEEP_SECONDS);
        $names = array_column(self::$server->query('SELECT option_name FROM wp_options'), 0);
        self::assertSame(['customXmigratorXnonceXy'], $names);
    }

    public function testOurRowsAreNotLoadedWithEveryPage(): void
    {
        $this->rows->insert('one', 'x');
        self::assertSame([['no']], self::$server->query('SELECT autoload FROM wp_options'));
    }
}

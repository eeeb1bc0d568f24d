<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Integration;

use CustomMigrator\Tests\Support\DatabaseServer;
use CustomMigrator\Tests\Support\FileTree;
use PHPUnit\Framework\TestCase;

/** What a request takes, whatever the site is like: docs/protocol.md, section 10. */
final class MemoryTest extends TestCase
{
    use FileTree;

    private const BUDGET_BYTES = 8 * 1048576;
    private const TABLES = 500;
    private const NAMES = 12000;

    /** @var DatabaseServer */
    private static $server;

    public static function setUpBeforeClass(): void
    {
        self::$server = new DatabaseServer();
        self::$server->execute('CREATE DATABASE site CHARACTER SET utf8mb4');
        self::$server->execute('USE site');
    }

    public static function tearDownAfterClass(): void
    {
        self::$server->stop();
    }

    /** @param array<string, mixed> $params */
    private function peak(string $endpoint, array $params = []): int
    {
        $words = [PHP_BINARY, __DIR__ . '/../support/peak_memory.php', self::$server->socket(),
            $this->folder . '/site', $endpoint, json_encode((object) $params)];
        $peak = (string) exec(implode(' ', array_map('escapeshellarg', $words)));
        self::assertMatchesRegularExpression('/^\d+$/D', $peak);
        return (int) $peak;
    }

    public function testRowsWithLongCells(): void
    {
        self::$server->execute('CREATE TABLE wp_wide (id int PRIMARY KEY, a mediumtext, b longblob, c longtext)');
        $cell = "REPEAT('x', 1000000)";
        for ($id = 0; $id < 24; $id++) {
            self::$server->execute("INSERT INTO wp_wide VALUES ($id, REPEAT('x', 600000), $cell, $cell)");
        }
        self::assertLessThan(self::BUDGET_BYTES, $this->peak('rows', ['table' => 'wp_wide']));
    }

    public function testRowsWithoutLongCells(): void
    {
        self::$server->execute('CREATE TABLE wp_many (id int PRIMARY KEY, a text, b text)');
        for ($id = 0; $id < 200; $id++) {
            self::$server->execute("INSERT INTO wp_many VALUES ($id, REPEAT('x', 60000), REPEAT('x', 60000))");
        }
        self::assertLessThan(self::BUDGET_BYTES, $this->peak('rows', ['table' => 'wp_many']));
    }

    public function testACellOfAnyLength(): void
    {
        self::$server->execute('CREATE TABLE wp_cell (id int PRIMARY KEY, a longblob)');
        self::$server->execute("INSERT INTO wp_cell VALUES (1, REPEAT('x', 15000000))");
        $token = ['k' => [base64_encode('1')], 'c' => 'a', 'n' => 15000000];
        $params = ['table' => 'wp_cell', 'cell' => base64_encode(json_encode($token))];
        self::assertLessThan(self::BUDGET_BYTES, $this->peak('rows', $params));
    }

    public function testManyTables(): void
    {
        for ($n = 0; $n < self::TABLES; $n++) {
            self::$server->execute("CREATE TABLE wp_{$n}_posts (ID bigint AUTO_INCREMENT PRIMARY KEY,
                post_author bigint NOT NULL DEFAULT 0, post_content longtext NOT NULL, post_title text NOT NULL,
                post_name varchar(200) NOT NULL DEFAULT '', post_date datetime, KEY a (post_author)) ENGINE=MyISAM");
        }
        self::assertLessThan(self::BUDGET_BYTES, $this->peak('tables'));
        self::assertLessThan(self::BUDGET_BYTES, $this->peak('preflight'));
    }

    public function testAFileOfAnySize(): void
    {
        mkdir($this->folder . '/site/uploads');
        $file = fopen($this->folder . '/site/uploads/large', 'wb');
        ftruncate($file, 1 << 30);
        self::assertLessThan(self::BUDGET_BYTES, $this->peak('files', ['root' => 'uploads']));
        self::assertLessThan(self::BUDGET_BYTES, $this->peak('files', ['root' => 'uploads', 'mode' => 'hashes']));
    }

    public function testAFolderWithAnyNumberOfLongNames(): void
    {
        mkdir($this->folder . '/site/uploads');
        $long = str_repeat('n', 240);
        for ($n = 0; $n < self::NAMES; $n++) {
            touch($this->folder . "/site/uploads/$n$long");
        }
        self::assertLessThan(self::BUDGET_BYTES, $this->peak('files', ['root' => 'uploads']));
    }

    public function testAnyNumberOfPathsThatAreAskedFor(): void
    {
        mkdir($this->folder . '/site/uploads');
        $paths = array_map(static function (int $n): string {
            return "2024/01/$n-" . str_repeat('p', 40);
        }, range(0, 2200));
        self::assertLessThan(self::BUDGET_BYTES, $this->peak('files', ['root' => 'uploads', 'paths' => $paths]));
    }
}

<?php

/** php peak_memory.php SOCKET TABLE: bytes that exporting the table takes beyond what was used before. */

declare(strict_types=1);

use CustomMigrator\Dispatcher;
use CustomMigrator\Request;
use CustomMigrator\Site;
use CustomMigrator\Wire\Answer;

require __DIR__ . '/../bootstrap.php';

$before = memory_get_usage();
$database = ['host' => 'localhost:' . $argv[1], 'user' => 'root', 'password' => '', 'name' => 'site', 'flags' => 0,
    'ssl_ca' => null];
$tables = ['prefix' => 'wp_', 'multisite' => false, 'users' => null, 'usermeta' => null];
$answer = new Answer('key', 'nonce', 'rows', static function (string $bytes): void {
});
$body = (string) json_encode(['table' => $argv[2]]);
(new Dispatcher(static function () use ($database, $tables): Site {
    return new Site([], $database, [], $tables);
}))->run(new Request('POST', 'rows', true, '', $body, []), $answer);
echo memory_get_peak_usage() - $before, "\n";

<?php

/**
 * php peak_memory.php SOCKET FOLDER ENDPOINT BODY: bytes that a request takes beyond what was used before.
 *
 * The database is `site` behind the socket; all roots of the site lie in the folder.
 */

declare(strict_types=1);

use CustomMigrator\Dispatcher;
use CustomMigrator\Request;
use CustomMigrator\Site;
use CustomMigrator\Wire\Answer;

require __DIR__ . '/../bootstrap.php';

[, $socket, $folder, $endpoint, $body] = $argv;
$before = memory_get_usage();
$database = ['host' => 'localhost:' . $socket, 'user' => 'root', 'password' => '', 'name' => 'site', 'flags' => 0,
    'ssl_ca' => null];
$paths = ['abspath' => $folder, 'self' => ''];
foreach (['content', 'plugins', 'mu_plugins', 'themes', 'uploads'] as $root) {
    $paths[$root] = "$folder/$root";
}
$tables = ['prefix' => 'wp_', 'multisite' => false, 'users' => null, 'usermeta' => null];
$end = '';
$answer = new Answer('key', 'nonce', $endpoint, static function (string $bytes) use (&$end): void {
    $end = $bytes; // the last frame
});
(new Dispatcher(static function () use ($database, $paths, $tables): Site {
    return new Site(['versions' => []], $database, $paths, $tables);
}))->run(new Request('POST', $endpoint, true, '', $body, []), $answer);
$peak = memory_get_peak_usage() - $before;
echo strpos($end, '"error"') === false ? $peak : $end, "\n";

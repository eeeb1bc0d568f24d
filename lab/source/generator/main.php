<?php

/**
 * Turn the pristine WordPress of a source pod into the site that was asked for. Runs in the pod, as the site's user.
 *
 * The job comes on standard input, as JSON:
 *   {"url", "title", "admin_user", "admin_password", "size": "small|medium|large", or null for a site brought along,
 *    "prefix"}
 * The answer goes to standard output: {"posts", "post_meta", "comments", "files", "bytes", "seconds"}
 *
 * @license Apache-2.0
 */

declare(strict_types=1);

namespace LabSource;

spl_autoload_register(static function (string $class): void {
    if (str_starts_with($class, __NAMESPACE__ . '\\')) {
        require __DIR__ . '/' . substr($class, strlen(__NAMESPACE__) + 1) . '.php';
    }
});

$job = json_decode((string) stream_get_contents(STDIN), true, 8, JSON_THROW_ON_ERROR);
$started = microtime(true);
$docroot = '/var/www/html';

if ($job['size'] === null) {
    Prefix::adopt("{$docroot}/wp-config.php");
}
$_SERVER += ['HTTP_HOST' => parse_url($job['url'], PHP_URL_HOST), 'REQUEST_METHOD' => 'GET', 'REQUEST_URI' => '/'];
define('WP_USE_THEMES', false);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('WP_DISABLE_FATAL_ERROR_HANDLER', true); // its page for visitors would hide what went wrong
require "{$docroot}/wp-load.php";

$site = new Site($job['url']);
$site->address();
$site->administrator($job['admin_user'], $job['admin_password']);
$counts = [];
if ($job['size'] !== null) {
    $size = Size::of($job['size']);
    $site->dress($job['title']);
    $site->schedule();
    $counts = (new Content($job['url'], $size, WP_CONTENT_DIR . '/uploads'))->generate();
}
$site->finish();

$counts['seconds'] = round(microtime(true) - $started, 1);
echo json_encode($counts, JSON_THROW_ON_ERROR), "\n";

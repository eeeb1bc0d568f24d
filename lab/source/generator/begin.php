<?php

/**
 * Where every script begins: reads the job of main.php as $job, and loads the site's WordPress as it is now.
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
$docroot = '/var/www/html';

if ($job['size'] === null) {
    Prefix::adopt("{$docroot}/wp-config.php");
}
$_SERVER += ['HTTP_HOST' => parse_url($job['url'], PHP_URL_HOST), 'REQUEST_METHOD' => 'GET', 'REQUEST_URI' => '/'];
define('WP_USE_THEMES', false);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('WP_DISABLE_FATAL_ERROR_HANDLER', true); // its page for visitors would hide what went wrong
require "{$docroot}/wp-load.php";

<?php

/**
 * Install WordPress into a database that lacks it: MariaDB's is empty, and a prefix of its own has no tables yet.
 *
 * The job is that of main.php, on standard input.
 *
 * @license Apache-2.0
 */

declare(strict_types=1);

namespace LabSource;

require __DIR__ . '/Prefix.php';

$job = json_decode((string) stream_get_contents(STDIN), true, 8, JSON_THROW_ON_ERROR);
$docroot = '/var/www/html';

Prefix::write("{$docroot}/wp-config.php", $job['prefix']);
$_SERVER += ['HTTP_HOST' => parse_url($job['url'], PHP_URL_HOST), 'REQUEST_METHOD' => 'GET', 'REQUEST_URI' => '/'];
define('WP_INSTALLING', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('WP_DISABLE_FATAL_ERROR_HANDLER', true);
require "{$docroot}/wp-load.php";
require_once ABSPATH . 'wp-admin/includes/upgrade.php';

add_filter('pre_wp_mail', '__return_true');
wp_install($job['title'], $job['admin_user'], "admin@{$_SERVER['HTTP_HOST']}", true, '', $job['admin_password']);

<?php

/**
 * Install WordPress into the datadir that is being baked: php install.php SOCKET
 *
 * The site waits for an import that replaces it, so it has a title to recognise it by and an administrator nobody can be.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

define('ABSPATH', '/opt/clone/site/');
define('DB_NAME', 'wordpress');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:' . $argv[1]);
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
define('WP_INSTALLING', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
define('WP_SITEURL', 'http://localhost');

$table_prefix = 'wp_';
$_SERVER += ['HTTP_HOST' => 'localhost', 'REQUEST_URI' => '/', 'SERVER_PROTOCOL' => 'HTTP/1.1'];

require ABSPATH . 'wp-settings.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
require_once ABSPATH . 'wp-admin/includes/plugin.php';

add_filter('pre_wp_mail', '__return_true');

$installed = wp_install('Warm pod', 'admin', 'admin@localhost.invalid', false, '', bin2hex(random_bytes(32)));

// No password has this hash.
$wpdb->update($wpdb->users, ['user_pass' => '!'], ['ID' => $installed['user_id']]);

$error = activate_plugin('custom-migrator/custom-migrator.php');
if (is_wp_error($error)) {
    fwrite(STDERR, 'custom-migrator cannot be activated: ' . $error->get_error_message() . "\n");
    exit(1);
}

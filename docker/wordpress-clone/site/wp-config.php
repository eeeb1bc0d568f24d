<?php

/**
 * WordPress as it lies in a warm pod, before any site is imported.
 *
 * The password of the database belongs to the pod's generation. The salts follow from it, so that nothing secret lies
 * in the image and no cookie outlives the generation.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

$clonePassword = trim((string) file_get_contents('/etc/clone/db-password'));

define('DB_NAME', 'wordpress');
define('DB_USER', 'wordpress');
define('DB_PASSWORD', $clonePassword);
define('DB_HOST', '127.0.0.1');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');

foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $cloneName) {
    define("{$cloneName}_KEY", hash_hmac('sha256', "{$cloneName}_KEY", $clonePassword));
    define("{$cloneName}_SALT", hash_hmac('sha256', "{$cloneName}_SALT", $clonePassword));
}
unset($clonePassword, $cloneName);

$table_prefix = 'wp_';

define('WP_DEBUG', false);

defined('ABSPATH') || define('ABSPATH', __DIR__ . '/');

require_once ABSPATH . 'wp-settings.php';

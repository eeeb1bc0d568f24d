<?php

/**
 * Plugin Name:       Custom Migrator
 * Description:       Lets authorised clones read this site: signed requests, streamed answers, nothing written to disk.
 * Version:           1.0.0
 * Requires at least: 6.0
 * Requires PHP:      7.4
 * License:           GPL-2.0-or-later
 * License URI:       https://www.gnu.org/licenses/gpl-2.0.html
 * Text Domain:       custom-migrator
 */

declare(strict_types=1);

if (!defined('ABSPATH')) {
    exit;
}

spl_autoload_register(static function (string $class): void {
    $prefix = 'CustomMigrator\\';
    if (strncmp($class, $prefix, strlen($prefix)) !== 0) {
        return;
    }
    $file = __DIR__ . '/src/' . str_replace('\\', '/', substr($class, strlen($prefix))) . '.php';
    if (is_file($file)) {
        require $file;
    }
});

// Now, not on a hook: a signed request is answered before the plugins after us, REST and the theme are
// loaded, so that none of them can block, buffer or slow it down.
CustomMigrator\Plugin::boot(__FILE__);

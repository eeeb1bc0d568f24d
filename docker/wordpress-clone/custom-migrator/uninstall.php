<?php

/** Removes the keys, the log and the nonces with the plugin. */

declare(strict_types=1);

if (!defined('WP_UNINSTALL_PLUGIN')) {
    exit;
}

global $wpdb;
$wpdb->query("DELETE FROM {$wpdb->options} WHERE option_name LIKE 'custom\\_migrator\\_%'");

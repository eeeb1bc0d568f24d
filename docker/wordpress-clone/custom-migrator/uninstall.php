<?php

/** Removes the keys, the log and the nonces with the plugin. */

declare(strict_types=1);

if (!defined('WP_UNINSTALL_PLUGIN')) {
    exit;
}

global $wpdb;
$options = is_multisite() ? $wpdb->get_blog_prefix(get_main_site_id()) . 'options' : $wpdb->options;
$wpdb->query("DELETE FROM $options WHERE option_name LIKE 'custom\\_migrator\\_%'");
wp_cache_delete('alloptions', 'options');

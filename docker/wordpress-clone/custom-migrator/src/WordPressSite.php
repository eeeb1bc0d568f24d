<?php

declare(strict_types=1);

namespace CustomMigrator;

/** Reads the facts of a Site from a running WordPress (plugins need not be loaded yet). */
final class WordPressSite
{
    private const MOST_SITES = 1000;

    /** Harmless settings of wp-config.php that a clone may want to repeat. Never add a secret. */
    private const CONSTANTS = [
        'WP_DEBUG', 'WP_MEMORY_LIMIT', 'WP_MAX_MEMORY_LIMIT', 'WP_POST_REVISIONS', 'AUTOSAVE_INTERVAL',
        'EMPTY_TRASH_DAYS', 'MEDIA_TRASH', 'WP_DEFAULT_THEME', 'WPLANG', 'DISABLE_WP_CRON', 'ALTERNATE_WP_CRON',
        'CONCATENATE_SCRIPTS', 'SCRIPT_DEBUG', 'DISALLOW_FILE_EDIT', 'DISALLOW_FILE_MODS', 'WP_HOME', 'WP_SITEURL',
        'WP_CONTENT_URL', 'WP_PLUGIN_URL', 'UPLOADS', 'MULTISITE', 'SUBDOMAIN_INSTALL', 'DOMAIN_CURRENT_SITE',
        'PATH_CURRENT_SITE', 'SITE_ID_CURRENT_SITE', 'BLOG_ID_CURRENT_SITE', 'NOBLOGREDIRECT', 'COOKIE_DOMAIN',
        'CUSTOM_USER_TABLE', 'CUSTOM_USER_META_TABLE', 'WP_ALLOW_REPAIR', 'FORCE_SSL_ADMIN', 'ALLOW_UNFILTERED_UPLOADS',
    ];

    /** Of a network: the main site, whichever was asked; all tables and files are exported anyway. */
    public static function read(string $ownFolder): Site
    {
        if (is_multisite()) {
            switch_to_blog(get_main_site_id());
        }
        $uploads = wp_upload_dir(null, false);
        $facts = [
            'site' => self::site(),
            'network' => is_multisite() ? self::network() : null,
            'urls' => ['content' => content_url(), 'plugins' => plugins_url(), 'uploads' => $uploads['baseurl']],
            'versions' => self::versions(),
            'plugins' => self::plugins(),
            'theme' => ['stylesheet' => get_option('stylesheet'), 'template' => get_option('template')],
            'constants' => self::constants(),
        ];
        return new Site($facts, self::database(), self::paths($uploads['basedir'], $ownFolder), self::tables());
    }

    /** @return array<string, mixed> */
    private static function site(): array
    {
        return [
            'home' => home_url(),
            'siteurl' => site_url(),
            'multisite' => is_multisite(),
            'blog_id' => get_current_blog_id(),
            'locale' => get_locale(),
            'charset' => (string) get_option('blog_charset'),
            'title' => (string) get_option('blogname'),
            'permalink_structure' => (string) get_option('permalink_structure'),
            'blog_public' => (bool) get_option('blog_public'),
        ];
    }

    /** @return array<string, mixed> */
    private static function network(): array
    {
        $network = get_network();
        $db = $GLOBALS['wpdb'];
        $columns = 'blog_id, site_id, domain, path, public, archived, spam, deleted';
        $limit = self::MOST_SITES + 1;
        $rows = (array) $db->get_results("SELECT $columns FROM $db->blogs ORDER BY blog_id LIMIT $limit", ARRAY_A);
        return [
            'id' => (int) $network->id,
            'subdomain_install' => is_subdomain_install(),
            'domain' => (string) $network->domain,
            'path' => (string) $network->path,
            'main_site_id' => get_main_site_id(),
            'sites' => array_map([self::class, 'networkSite'], array_slice($rows, 0, self::MOST_SITES)),
            'complete' => count($rows) <= self::MOST_SITES,
        ];
    }

    /**
     * @param array<string, string> $row of the table of sites
     * @return array<string, mixed>
     */
    private static function networkSite(array $row): array
    {
        return [
            'blog_id' => (int) $row['blog_id'],
            'network_id' => (int) $row['site_id'],
            'domain' => (string) $row['domain'],
            'path' => (string) $row['path'],
            'public' => (bool) $row['public'],
            'archived' => (bool) $row['archived'],
            'spam' => (bool) $row['spam'],
            'deleted' => (bool) $row['deleted'],
        ];
    }

    /** @return array<string, mixed> */
    private static function versions(): array
    {
        require ABSPATH . WPINC . '/version.php'; // the global may have been changed to hide it
        return [
            'wordpress' => (string) ($wp_version ?? ''),
            'wordpress_db' => (int) get_option('db_version'),
            'php' => PHP_VERSION,
        ];
    }

    /** @return array<string, list<string>> */
    private static function plugins(): array
    {
        $network = is_multisite() ? array_keys((array) get_site_option('active_sitewide_plugins', [])) : [];
        $dropIns = ['object-cache.php', 'advanced-cache.php', 'db.php', 'sunrise.php', 'maintenance.php',
            'php-error.php', 'fatal-error-handler.php', 'install.php', 'db-error.php'];
        return [
            'active' => array_values((array) get_option('active_plugins', [])),
            'network_active' => array_map('strval', $network),
            'must_use' => array_map('basename', wp_get_mu_plugins()),
            'drop_ins' => array_values(array_filter($dropIns, static function (string $name): bool {
                return is_file(WP_CONTENT_DIR . '/' . $name);
            })),
        ];
    }

    /** @return array<string, mixed> */
    private static function constants(): array
    {
        $found = [];
        foreach (self::CONSTANTS as $name) {
            if (defined($name) && (is_scalar(constant($name)))) {
                $found[$name] = constant($name);
            }
        }
        return $found;
    }

    /** @return array<string, mixed> */
    private static function database(): array
    {
        return [
            'host' => (string) DB_HOST,
            'user' => (string) DB_USER,
            'password' => (string) DB_PASSWORD,
            'name' => (string) DB_NAME,
            'flags' => defined('MYSQL_CLIENT_FLAGS') ? (int) MYSQL_CLIENT_FLAGS : 0,
            'ssl_ca' => defined('MYSQL_SSL_CA') ? (string) MYSQL_SSL_CA : null,
        ];
    }

    /** @return array<string, string> */
    private static function paths(string $uploads, string $ownFolder): array
    {
        return [
            'abspath' => untrailingslashit(ABSPATH),
            'content' => WP_CONTENT_DIR,
            'plugins' => WP_PLUGIN_DIR,
            'mu_plugins' => WPMU_PLUGIN_DIR,
            'themes' => get_theme_root(),
            'uploads' => $uploads,
            'self' => $ownFolder,
        ];
    }

    /** @return array{prefix: string, multisite: bool, users: ?string, usermeta: ?string} */
    private static function tables(): array
    {
        return [
            'prefix' => $GLOBALS['wpdb']->base_prefix,
            'multisite' => is_multisite(),
            'users' => defined('CUSTOM_USER_TABLE') ? (string) CUSTOM_USER_TABLE : null,
            'usermeta' => defined('CUSTOM_USER_META_TABLE') ? (string) CUSTOM_USER_META_TABLE : null,
        ];
    }
}

<?php

declare(strict_types=1);

namespace LabSource;

/** Makes a site the main one of a network, and gives the network further sites in folders. */
final class Network
{
    /** Each has content of its own. */
    public const SITES = ['news' => 'News', 'shop' => 'Shop'];

    private const FOUNDED = '2020-09-13 12:26:40';
    private const CONFIG = <<<'PHP'
        define('MULTISITE', true);
        define('SUBDOMAIN_INSTALL', false);
        define('DOMAIN_CURRENT_SITE', %s);
        define('PATH_CURRENT_SITE', '/');
        define('SITE_ID_CURRENT_SITE', 1);
        define('BLOG_ID_CURRENT_SITE', 1);

        PHP;
    /** As WordPress shows them to whoever makes a network. */
    private const RULES = <<<'RULES'
        # BEGIN WordPress
        RewriteEngine On
        RewriteBase /
        RewriteRule ^index\.php$ - [L]
        RewriteRule ^([_0-9a-zA-Z-]+/)?wp-admin$ $1wp-admin/ [R=301,L]
        RewriteCond %{REQUEST_FILENAME} -f [OR]
        RewriteCond %{REQUEST_FILENAME} -d
        RewriteRule ^ - [L]
        RewriteRule ^([_0-9a-zA-Z-]+/)?(wp-(content|admin|includes).*) $2 [L]
        RewriteRule ^([_0-9a-zA-Z-]+/)?(.*\.php)$ $2 [L]
        RewriteRule . index.php [L]
        # END WordPress

        RULES;

    private readonly string $host;

    public function __construct(private readonly string $url)
    {
        $this->host = (string) parse_url($url, PHP_URL_HOST);
    }

    /** In a WordPress that is no network yet; the next one that is loaded is. */
    public function found(string $title): void
    {
        global $wpdb;
        require_once ABSPATH . 'wp-admin/includes/upgrade.php';
        require_once ABSPATH . 'wp-admin/includes/network.php';
        foreach ($wpdb->tables('ms_global') as $name => $table) {
            $wpdb->$name = $table;
        }
        install_network();
        $founded = populate_network(1, $this->host, "admin@{$this->host}", $title, '/', false);
        if (is_wp_error($founded)) {
            throw new \RuntimeException('the network: ' . $founded->get_error_message());
        }
        file_put_contents(ABSPATH . '.htaccess', self::RULES);
        $config = ABSPATH . 'wp-config.php';
        $constants = sprintf(self::CONFIG, var_export($this->host, true));
        $text = str_replace("define('WP_DEBUG'", "{$constants}define('WP_DEBUG'", (string) file_get_contents($config));
        file_put_contents($config, $text);
    }

    /**
     * In a WordPress that is a network.
     *
     * @return array<string, int> what was made, of all further sites
     */
    public function settle(string $administrator): array
    {
        $user = get_user_by('login', $administrator);
        grant_super_admin($user->ID);
        $made = [];
        foreach (self::SITES as $name => $title) {
            switch_to_blog($this->site($name, $title, $user->ID));
            foreach ($this->fill($name, $title) as $what => $count) {
                $made[$what] = ($made[$what] ?? 0) + $count;
            }
            restore_current_blog();
        }
        return $made;
    }

    private function site(string $name, string $title, int $owner): int
    {
        $id = wp_insert_site(['domain' => $this->host, 'path' => "/{$name}/", 'network_id' => 1, 'user_id' => $owner,
            'title' => $title, 'registered' => self::FOUNDED, 'last_updated' => self::FOUNDED]);
        if (is_wp_error($id)) {
            throw new \RuntimeException("the site {$name}: " . $id->get_error_message());
        }
        return $id;
    }

    /** @return array<string, int> */
    private function fill(string $name, string $title): array
    {
        $url = "{$this->url}/{$name}";
        $site = new Site($url);
        $site->dress($title);
        $site->schedule();
        update_option('permalink_structure', '/%postname%/');
        delete_option('rewrite_rules'); // WordPress makes them at the next page
        return (new Content($url, Size::of('small'), wp_upload_dir()))->generate();
    }
}

<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Support;

/** Makes a network of a WordPress: by folders, with a second site at /second/ and its owner. */
final class Network
{
    /** What .htaccess does on other servers: the second site's programs are the first one's. */
    private const ROUTER = <<<'PHP'
        <?php
        if (!preg_match('#^/second(/wp-[^?]*\.php)#', $_SERVER['REQUEST_URI'], $match)) {
            return false;
        }
        $_SERVER['PHP_SELF'] = $_SERVER['SCRIPT_NAME'] = '/second' . $match[1];
        chdir(dirname($_SERVER['DOCUMENT_ROOT'] . $match[1]));
        require $_SERVER['DOCUMENT_ROOT'] . $match[1];
        PHP;

    public static function of(WordPress $site): void
    {
        file_put_contents($site->router(), self::ROUTER);
        $host = substr($site->url, strlen('http://'));
        $site->configure("define('WP_ALLOW_MULTISITE', true);\n");
        $site->run("require \$argv[1];
            require ABSPATH . 'wp-admin/includes/upgrade.php';
            require ABSPATH . 'wp-admin/includes/network.php';
            foreach (\$wpdb->tables('ms_global') as \$name => \$table) { \$wpdb->\$name = \$table; }
            install_network();
            populate_network(1, '$host', 'admin@example.com', 'Network', '/', false);\n");
        $site->configure("define('MULTISITE', true);\ndefine('SUBDOMAIN_INSTALL', false);
            define('DOMAIN_CURRENT_SITE', '$host');\ndefine('PATH_CURRENT_SITE', '/');
            define('SITE_ID_CURRENT_SITE', 1);\ndefine('BLOG_ID_CURRENT_SITE', 1);\n");
        $site->run("require \$argv[1];
            update_site_option('active_sitewide_plugins', ['" . WordPress::PLUGIN . "' => time()]);
            \$owner = wp_insert_user(['user_login' => 'owner', 'user_pass' => 'owner', 'user_email' => 'o@e.example']);
            wp_insert_site(['domain' => '$host', 'path' => '/second/', 'network_id' => 1, 'user_id' => \$owner]);\n");
    }
}

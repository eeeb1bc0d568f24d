<?php

declare(strict_types=1);

namespace LabSource;

/** The site around its content: address, administrator, settings. */
final class Site
{
    private const FAR_AWAY = 4_000_000_000;
    private const PLUGIN = 'custom-migrator/custom-migrator.php';

    public function __construct(private readonly string $url)
    {
    }

    public function address(): void
    {
        update_option('siteurl', $this->url);
        update_option('home', $this->url);
    }

    public function administrator(string $name, string $password): void
    {
        $user = get_user_by('login', $name);
        $fields = ['user_login' => $name, 'user_pass' => $password, 'role' => 'administrator'];
        if ($user !== false) {
            wp_set_password($password, $user->ID);
            $user->set_role('administrator');
        } else {
            wp_insert_user($fields + ['user_email' => "{$name}@" . parse_url($this->url, PHP_URL_HOST)]);
        }
    }

    public function dress(string $title): void
    {
        $host = parse_url($this->url, PHP_URL_HOST);
        update_option('blogname', $title);
        update_option('blogdescription', 'A site to be cloned');
        update_option('blog_public', '1');
        update_option('admin_email', "admin@{$host}");
        $about = ['title' => 'About', 'text' => "<a href=\"{$this->url}/about/\">About us</a>"];
        update_option('widget_text', [2 => $about, '_multiwidget' => 1]); // what WordPress would add by itself
        update_option('lab_shop', ['page' => "{$this->url}/shop/", 'mail' => "orders@{$host}"]);
    }

    /** An event that nothing runs: what is scheduled must be found in a clone, with its arguments. */
    public function schedule(): void
    {
        wp_schedule_event(self::FAR_AWAY, 'weekly', 'lab_report', ["{$this->url}/report/", 'orders']);
    }

    /** Permalinks with their .htaccess, and our plugin active. */
    public function finish(): void
    {
        require_once ABSPATH . 'wp-admin/includes/file.php';
        require_once ABSPATH . 'wp-admin/includes/misc.php';
        global $wp_rewrite;
        if (get_option('permalink_structure') === '') {
            $wp_rewrite->set_permalink_structure('/%postname%/');
        }
        add_filter('got_rewrite', '__return_true'); // WordPress asks Apache, which does not run here
        $wp_rewrite->flush_rules(true);
        $this->activate();
    }

    /** Our plugin, on a network for all of it. */
    public function activate(): void
    {
        require_once ABSPATH . 'wp-admin/includes/plugin.php';
        $error = activate_plugin(self::PLUGIN, '', is_multisite());
        if (is_wp_error($error)) {
            throw new \RuntimeException(self::PLUGIN . ': ' . $error->get_error_message());
        }
    }
}

<?php

/**
 * The login link: /.clone/login?pass=... lets its visitor in as an administrator, once.
 *
 * It does not go through wp-login.php, so what plugins put in the way there (second factors, limits, hidden addresses)
 * does not matter, and no stored password is read or changed. Nothing of the site runs before the pass was right.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard;

require_once dirname(__DIR__) . '/lease.php';
require_once dirname(__DIR__) . '/login.php';
require_once dirname(__DIR__) . '/page.php';

(static function (): void {
    $pass = is_string($_GET['pass'] ?? null) ? $_GET['pass'] : '';
    unset($_GET['pass'], $_REQUEST['pass'], $_SERVER['QUERY_STRING'], $_SERVER['REQUEST_URI']);
    $nonce = nonceOf($pass, leased('login-key'), lease()->cloneId, time());
    // A HEAD is a look at where a link leads, and must not use it up.
    if (($_SERVER['REQUEST_METHOD'] ?? '') !== 'GET' || $nonce === null || !firstUse($nonce, sys_get_temp_dir())) {
        page(
            403,
            'This link does not log in',
            'It works once, within a minute, for its own clone. POST /clones/{clone_id}/login gives a new one.'
        );
    }
    $_SERVER['QUERY_STRING'] = '';
    $_SERVER['REQUEST_URI'] = '/';
})();

// Whoever redirects or refuses visitors on the way meets neither: no theme is loaded, and cookies are always sent.
define('WP_USE_THEMES', false);
filter('send_auth_cookies', static fn (): bool => true);
filter('wp_redirect', static fn (): bool => false);

require $_SERVER['DOCUMENT_ROOT'] . '/wp-load.php';

(static function (\wpdb $wpdb): never {
    // From the tables themselves: plugins hide administrators from WordPress's own queries.
    $administrators = $wpdb->get_results($wpdb->prepare(
        "SELECT u.ID AS id, u.user_login AS login FROM {$wpdb->users} u JOIN {$wpdb->usermeta} m ON m.user_id = u.ID"
        . ' WHERE m.meta_key = %s AND m.meta_value LIKE %s ORDER BY u.ID',
        $wpdb->get_blog_prefix() . 'capabilities',
        '%"administrator";b:1%'
    ));
    $masters = is_multisite() ? get_super_admins() : [];
    $first = static fn (array $users): ?int => $users === [] ? null : (int) reset($users)->id;
    $administrator = $first(array_filter($administrators, static fn ($user) => in_array($user->login, $masters, true)))
        ?? $first($administrators);
    if ($administrator === null) {
        page(409, 'Nobody to log in as', 'This site has no administrator.');
    }
    wp_set_auth_cookie($administrator, false, is_ssl());
    $token = leased('access');
    if ($token !== 'public' && $token !== '') {
        admit($token);
    }
    onward(rtrim((string) parse_url((string) site_url(), PHP_URL_PATH), '/') . '/wp-admin/');
})($GLOBALS['wpdb']);

<?php

/**
 * The clone answers under two addresses: its public one, behind an ingress that ends TLS, and the one inside the
 * cluster.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard;

// Believed of the ingress, which asks for the public host. Inside the cluster the clone is spoken to directly.
$asked = preg_replace('/:\d+$/D', '', strtolower((string) ($_SERVER['HTTP_HOST'] ?? '')));
if (strtolower($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '') === 'https' && $asked === lease()->publicHost) {
    $_SERVER['HTTPS'] = 'on';
    $_SERVER['SERVER_PORT'] = '443';
}
unset($asked);

// The token that opened the clone has done its work: the site has no use for it.
unset($_COOKIE['__Host-clone_access'], $_SERVER['HTTP_X_CLONE_ACCESS']);
if (isset($_SERVER['HTTP_COOKIE'])) {
    $_SERVER['HTTP_COOKIE'] = preg_replace('/(^|; *)__Host-clone_access=[^;]*/', '', $_SERVER['HTTP_COOKIE']);
}

// WordPress sends a visitor to the host it believes in; inside the cluster that one may not even resolve.
filter('redirect_canonical', static function (mixed $target, string $requested): mixed {
    $sameHost = is_string($target) && parse_url($target, PHP_URL_HOST) === parse_url($requested, PHP_URL_HOST);
    return $sameHost ? $target : false;
}, 2);

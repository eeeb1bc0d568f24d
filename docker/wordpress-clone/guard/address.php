<?php

/**
 * The clone answers under two addresses: its public one, behind an ingress that ends TLS, and the one inside the
 * cluster.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard;

if (strtolower($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '') === 'https') {
    $_SERVER['HTTPS'] = 'on';
    $_SERVER['SERVER_PORT'] = '443';
}

// WordPress sends a visitor to the host it believes in; inside the cluster that one may not even resolve.
filter('redirect_canonical', static function (mixed $target, string $requested): mixed {
    $sameHost = is_string($target) && parse_url($target, PHP_URL_HOST) === parse_url($requested, PHP_URL_HOST);
    return $sameHost ? $target : false;
}, 2);

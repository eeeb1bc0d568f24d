<?php

/**
 * The site calls nobody: webhooks, payments, licence servers. The network policy is the wall, this tells what hit it.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard;

filter('pre_http_request', static function (mixed $answer, mixed $options, mixed $url): mixed {
    note('outgoing', ['host' => (string) parse_url((string) $url, PHP_URL_HOST)]);
    return new \WP_Error('clone_guard_blocked', 'A clone makes no outgoing requests.');
}, 3);

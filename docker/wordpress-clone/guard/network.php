<?php

/**
 * The site calls nobody but the hosts that were allowed when the clone was asked for: no webhooks, payments, licence
 * servers. This answers quickly and says who tried; the wall is the network policy, which also holds what goes around
 * WordPress (curl, sockets, streams, programs).
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard;

const NO_CALLS = 'A clone makes no outgoing requests, except to hosts that were allowed for it.';

/** The host of a plain URL; empty for one that a parser and a client could read as two different hosts. */
function hostOf(string $url): string
{
    $plain = '#^https?://([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::\d{1,5})?(?:[/?\#][\x21-\x5b\x5d-\x7e\x80-\xff]*)?$#iD';
    return preg_match($plain, $url, $part) === 1 ? strtolower($part[1]) : '';
}

/** Whether the clone may call this URL. */
function mayCall(string $url): bool
{
    $host = hostOf($url);
    return $host !== '' && in_array($host, lease()->allowHosts, true);
}

/** Note a call that does not happen. */
function held(string $url, mixed $method): void
{
    $host = hostOf($url) ?: (string) (parse_url($url, PHP_URL_HOST) ?: '?');
    ledger()->note('http', $host, is_string($method) ? strtoupper($method) : 'GET', 'blocked');
}

// The last word: whatever a plugin has answered before, or taken for an answer.
filter('pre_http_request', static function (mixed $answer, mixed $options, mixed $url): mixed {
    if (mayCall((string) $url)) {
        return $answer;
    }
    held((string) $url, is_array($options) ? $options['method'] ?? 'GET' : 'GET');
    return new \WP_Error('clone_guard_blocked', NO_CALLS);
}, 3);

// Below WordPress's own functions and filters: for who speaks to the library itself, and for each hop of a redirect.
$install = static function (): void {
    if (interface_exists('WpOrg\Requests\Transport')) {
        require_once __DIR__ . '/transport.php';
        foreach ([[], ['ssl' => false], ['ssl' => true]] as $wanted) {
            \WpOrg\Requests\Requests::$transport[serialize($wanted)] = Transport::class;
        }
    }
};
filter('muplugins_loaded', $install, 0);
filter('plugins_loaded', $install, 0);
unset($install);

<?php

/**
 * The transport of WordPress's HTTP library, with a look at the address before each request.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard;

use WpOrg\Requests\Exception;
use WpOrg\Requests\HookManager;
use WpOrg\Requests\Transport as Plain;
use WpOrg\Requests\Transport\Curl;
use WpOrg\Requests\Transport\Fsockopen;

final class Transport implements Plain
{
    /** @inheritDoc */
    public function request($url, $headers = [], $data = [], $options = [])
    {
        self::check((string) $url, $options['type'] ?? 'GET');
        self::pin((string) $url, $options['hooks'] ?? null, 'curl.before_send');
        return self::plain()->request($url, $headers, $data, $options);
    }

    /** @inheritDoc */
    public function request_multiple($requests, $options) // phpcs:ignore PSR1.Methods.CamelCapsMethodName
    {
        foreach ($requests as $request) {
            self::check((string) ($request['url'] ?? ''), $request['type'] ?? 'GET');
            self::pin((string) $request['url'], $request['options']['hooks'] ?? null, 'curl.before_multi_add');
        }
        return self::plain()->request_multiple($requests, $options);
    }

    /** @inheritDoc */
    public static function test($capabilities = [])
    {
        return Curl::test($capabilities) || Fsockopen::test($capabilities);
    }

    private static function plain(): Plain
    {
        return Curl::test() ? new Curl() : new Fsockopen();
    }

    /** Tell curl the addresses that the network has opened for this host. */
    private static function pin(string $url, mixed $hooks, string $moment): void
    {
        $host = hostOf($url);
        $bracketed = static fn (string $one): string => strpos($one, ':') === false ? $one : "[{$one}]";
        $addresses = implode(',', array_map($bracketed, lease()->addresses[$host] ?? []));
        if ($addresses === '' || !$hooks instanceof HookManager) {
            return;
        }
        $port = (int) (parse_url($url, PHP_URL_PORT) ?: (stripos($url, 'https:') === 0 ? 443 : 80));
        $hooks->register($moment, static function (mixed $handle) use ($host, $port, $addresses): void {
            curl_setopt($handle, CURLOPT_RESOLVE, ["{$host}:{$port}:{$addresses}"]);
        });
    }

    private static function check(string $url, mixed $method): void
    {
        if (!mayCall($url)) {
            held($url, $method);
            throw new Exception(NO_CALLS, 'clone_guard_blocked');
        }
        ledger()->note('http', hostOf($url), is_string($method) ? strtoupper($method) : 'GET', 'allowed');
    }
}

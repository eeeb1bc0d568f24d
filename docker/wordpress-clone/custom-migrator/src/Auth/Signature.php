<?php

declare(strict_types=1);

namespace CustomMigrator\Auth;

/** What is signed, and with what: docs/protocol.md, section 2. Pure functions. */
final class Signature
{
    /** @return string 32 raw bytes */
    public static function jobKey(
        string $secret,
        string $keyId,
        string $cloneId,
        string $generation,
        string $expiresAt
    ): string {
        $text = implode("\n", ['custom-migrator-job-v1', $keyId, $cloneId, $generation, $expiresAt]);
        return hash_hmac('sha256', $text, $secret, true);
    }

    /** @return string 64 lower-case hexadecimal digits */
    public static function sign(
        string $jobKey,
        string $method,
        string $path,
        string $query,
        string $body,
        string $time,
        string $nonce
    ): string {
        $lines = ['custom-migrator-request-v1', $method, $path, $query, hash('sha256', $body), $time, $nonce];
        return hash_hmac('sha256', implode("\n", $lines), $jobKey);
    }

    /** Parameters sorted by name (then value) as bytes, RFC 3986 encoded, without those that only choose the endpoint. */
    public static function canonicalQuery(string $query): string
    {
        $pairs = [];
        foreach (explode('&', $query) as $part) {
            if ($part === '') {
                continue;
            }
            $pair = explode('=', $part, 2);
            $name = urldecode($pair[0]);
            if ($name !== 'rest_route' && $name !== 'custom_migrator') {
                $pairs[] = [$name, urldecode($pair[1] ?? '')];
            }
        }
        usort($pairs, static function (array $one, array $other): int {
            return strcmp($one[0], $other[0]) ?: strcmp($one[1], $other[1]);
        });
        return implode('&', array_map(static function (array $pair): string {
            return rawurlencode($pair[0]) . '=' . rawurlencode($pair[1]);
        }, $pairs));
    }
}

<?php

declare(strict_types=1);

namespace CustomMigrator\Database;

/** DB_HOST in all forms that WordPress takes: host, host:port, host:/socket, :/socket, [IPv6]:port, bare IPv6. */
final class Host
{
    /** @return array{0: string, 1: ?int, 2: ?string} host ("" means the default), port, socket */
    public static function parse(string $text): array
    {
        $socket = null;
        $at = strpos($text, ':/');
        if ($at !== false) {
            $socket = substr($text, $at + 1);
            $text = substr($text, 0, $at);
        }
        if (preg_match('/^\[([0-9a-fA-F:.%]+)\](?::([0-9]+))?$/D', $text, $match)) {
            return [$match[1], self::port($match[2] ?? ''), $socket];
        }
        if (substr_count($text, ':') > 1) {
            return self::bareIpv6($text, $socket);
        }
        $parts = explode(':', $text, 2);
        return [$parts[0], self::port($parts[1] ?? ''), $socket];
    }

    /** @return array{0: string, 1: ?int, 2: ?string} */
    private static function bareIpv6(string $text, ?string $socket): array
    {
        return [trim($text, '[]'), null, $socket];
    }

    private static function port(string $text): ?int
    {
        return preg_match('/^[0-9]+$/D', $text) ? (int) $text : null;
    }
}

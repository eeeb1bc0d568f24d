<?php

/**
 * What clone-agent has written down for the lease of this clone, beside the document root and never served.
 *
 * The site runs as the same user and could read or change it: all it could win is access to itself.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard;

const LEASE = '/var/www/.clone/';

/** The text of one of the lease's files: `access`, `login-key`, `lease.json`; empty if it is not there. */
function leased(string $name): string
{
    $file = LEASE . $name;
    return is_file($file) ? (string) file_get_contents($file, false, null, 0, 65536) : '';
}

/** Facts of the lease. */
final class Lease
{
    /**
     * @param list<string>                $allowHosts Whom the clone may call.
     * @param array<string, list<string>> $addresses  Where they are: a pod has no DNS.
     */
    public function __construct(
        public readonly string $cloneId = '',
        public readonly string $publicHost = '',
        public readonly array $allowHosts = [],
        public readonly array $addresses = [],
    ) {
    }

    /** What a JSON object says; whatever is missing or of another kind is nothing. */
    public static function of(string $json): self
    {
        $said = json_decode($json, true);
        $said = is_array($said) ? $said : [];
        $text = static fn (string $name): string => is_string($said[$name] ?? null) ? $said[$name] : '';
        $list = static fn (mixed $of): array => array_values(array_filter(is_array($of) ? $of : [], 'is_string'));
        $addresses = is_array($said['allowed_addresses'] ?? null) ? $said['allowed_addresses'] : [];
        return new self(
            $text('clone_id'),
            $text('public_host'),
            $list($said['allow_hosts'] ?? null),
            array_map($list, $addresses)
        );
    }
}

/** The present lease; without one, a lease that allows nothing. */
function lease(): Lease
{
    static $lease = null;
    return $lease ??= Lease::of(leased('lease.json'));
}

/** The lease's token as a cookie: for this host only, never shown to scripts, gone with the browser or the lease. */
function admit(string $token): void
{
    header("Set-Cookie: __Host-clone_access={$token}; Path=/; Secure; HttpOnly; SameSite=Lax", false);
}

<?php

declare(strict_types=1);

namespace CustomMigrator\Auth;

use CustomMigrator\OptionRows;

/**
 * Export keys, in one row of the options table.
 *
 * HMAC needs the secret itself, so it is stored as it is; it is read straight from the table, never through
 * the options cache, so that it does not end up in an object cache. Without a key the exporter is off.
 */
final class KeyStore
{
    /** How long a key lives unless somebody says otherwise: one that is forgotten ends by itself. */
    public const DEFAULT_DAYS = 365;

    private const DAY_SECONDS = 86400;
    private const NAME = 'custom_migrator_keys';

    /** Set while there is a key that is not revoked. Without it a request costs no query. */
    private const MARK = 'custom_migrator_on';

    /** @var OptionRows */
    private $rows;

    public function __construct(OptionRows $rows)
    {
        $this->rows = $rows;
    }

    /** @return int|null the end of a key that lives so many days from now; null: 0 days, which is until revoked */
    public static function endAfter(int $days, int $now): ?int
    {
        return $days > 0 ? $now + $days * self::DAY_SECONDS : null;
    }

    /**
     * @param int|null $expiresAt epoch seconds; null: until revoked
     * @return string the whole key ("cm1_..."); it cannot be shown again
     */
    public function create(string $label, int $now, ?int $expiresAt = null): string
    {
        $id = bin2hex(random_bytes(8));
        $secret = rtrim(strtr(base64_encode(random_bytes(32)), '+/', '-_'), '=');
        $key = ['secret' => $secret, 'label' => $label, 'created_at' => $now, 'expires_at' => $expiresAt];
        $this->change(static function (array $keys) use ($id, $key): array {
            return $keys + [$id => $key];
        });
        return 'cm1_' . $id . '_' . $secret;
    }

    /** @return string the part of a key that is no secret */
    public static function idOf(string $key): string
    {
        return explode('_', $key)[1] ?? '';
    }

    /** A new key with the label of the old one, which ends after $graceSeconds. Throws if there is no such key. */
    public function rotate(string $id, int $now, int $graceSeconds = 0): string
    {
        $keys = $this->all();
        if (!isset($keys[$id]) || !$keys[$id]['active']) {
            throw new \InvalidArgumentException('no active key ' . $id . '; list the keys first');
        }
        $new = $this->create($keys[$id]['label'], $now, $keys[$id]['expires_at']);
        $graceSeconds > 0 ? $this->expire($id, $now + $graceSeconds) : $this->revoke($id, $now);
        return $new;
    }

    /** Forgets the secret at once; running imports with this key stop at their next request. */
    public function revoke(string $id, int $now): bool
    {
        return $this->edit($id, static function (array $key) use ($now): array {
            return ['secret' => null, 'revoked_at' => $now] + $key;
        });
    }

    public function expire(string $id, int $at): bool
    {
        return $this->edit($id, static function (array $key) use ($at): array {
            return ['expires_at' => $at] + $key;
        });
    }

    /** @throws Refused */
    public function secret(string $id, int $now): string
    {
        if (!$this->rows->mayBeMarked(self::MARK)) {
            throw new Refused('no key', Refused::NOBODY);
        }
        $key = $this->rows->read(self::NAME)[$id] ?? null;
        if ($key === null) {
            throw new Refused('unknown key', Refused::UNKNOWN_KEY);
        }
        if (!is_string($key['secret'])) {
            throw new Refused('revoked key');
        }
        if ($key['expires_at'] !== null && $key['expires_at'] <= $now) {
            throw new Refused('expired key');
        }
        return $key['secret'];
    }

    /** @return array<string, array{label: string, created_at: int, expires_at: ?int, active: bool}> no secrets */
    public function all(): array
    {
        return array_map(static function (array $key): array {
            $ended = $key['expires_at'] !== null && $key['expires_at'] <= time();
            $active = is_string($key['secret']) && !$ended;
            unset($key['secret']);
            return $key + ['active' => $active];
        }, $this->rows->read(self::NAME));
    }

    private function edit(string $id, callable $edit): bool
    {
        $found = false;
        $this->change(static function (array $keys) use ($id, $edit, &$found): array {
            $found = isset($keys[$id]);
            if ($found) {
                $keys[$id] = $edit($keys[$id]);
            }
            return $keys;
        });
        return $found;
    }

    /** @param callable(array<string, array<string, mixed>>): array<string, array<string, mixed>> $change */
    private function change(callable $change): void
    {
        $this->rows->change(self::NAME, $change);
        $secrets = array_filter(array_column($this->rows->read(self::NAME), 'secret'), 'is_string');
        $this->rows->mark(self::MARK, $secrets !== []);
    }
}

<?php

declare(strict_types=1);

namespace CustomMigrator\Auth;

use CustomMigrator\OptionRows;

/** Remembers nonces as option rows: their unique name makes taking one atomic, without a table of our own. */
final class NonceStore
{
    public const PREFIX = 'custom_migrator_nonce_';

    /** Longer than any time stamp would still be accepted (twice the clock skew). */
    public const KEEP_SECONDS = 660;

    /** One in so many requests sweeps up. */
    private const SWEEP_EVERY = 50;

    /** @var OptionRows */
    private $rows;

    public function __construct(OptionRows $rows)
    {
        $this->rows = $rows;
    }

    /** @return bool false if it was taken before */
    public function take(string $nonce, int $now): bool
    {
        if (random_int(1, self::SWEEP_EVERY) === 1) {
            $this->sweep($now);
        }
        return $this->rows->insert(self::PREFIX . $nonce, (string) ($now + self::KEEP_SECONDS));
    }

    public function sweep(int $now): void
    {
        $this->rows->deleteOlder(self::PREFIX, $now);
    }
}

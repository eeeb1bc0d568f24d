<?php

declare(strict_types=1);

namespace CustomMigrator;

/** When an answer should stop and give a cursor: by time or by size, whichever comes first. */
final class Budget
{
    public const MAX_SECONDS = 5;
    public const MAX_BYTES = 268435456;
    public const MIN_BYTES = 65536;

    /** Part of PHP's own limit that we dare to use where it cannot be raised. */
    private const SHARE_OF_LIMIT = 0.6;

    /** @var float */
    private $until;
    /** @var int */
    private $bytes;

    public function __construct(float $until, int $bytes)
    {
        $this->until = $until;
        $this->bytes = $bytes;
    }

    public static function of(Params $params, float $now): self
    {
        $seconds = (float) $params->int('max_seconds', self::MAX_SECONDS, 1, self::MAX_SECONDS);
        $limit = (int) ini_get('max_execution_time');
        if ($limit > 0) {
            $seconds = min($seconds, $limit * self::SHARE_OF_LIMIT);
        }
        return new self($now + $seconds, $params->int('max_bytes', self::MAX_BYTES, self::MIN_BYTES, self::MAX_BYTES));
    }

    public function isSpent(int $bytes): bool
    {
        return $bytes >= $this->bytes || microtime(true) >= $this->until;
    }
}

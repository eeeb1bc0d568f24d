<?php

declare(strict_types=1);

namespace CustomMigrator\Files;

use CustomMigrator\Params;

/**
 * One of several parts of a root that a client reads side by side: the same path is in the same part each time.
 *
 * Pure, and needs no list: each request walks all names and sends its own.
 */
final class Part
{
    public const MOST = 8;

    /** @var int */
    private $number;
    /** @var int */
    private $of;

    public function __construct(int $number, int $of)
    {
        $this->number = $number;
        $this->of = $of;
    }

    public static function of(Params $params): self
    {
        $of = $params->int('parts', 1, 1, self::MOST);
        return new self($params->int('part', 0, 0, $of - 1), $of);
    }

    public function holds(string $path): bool
    {
        return $this->of === 1 || (crc32($path) & 0x7fffffff) % $this->of === $this->number;
    }
}

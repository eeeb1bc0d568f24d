<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Support;

use CustomMigrator\OptionRows;

/** OptionRows in memory. */
final class ArrayOptionRows implements OptionRows
{
    /** @var array<string, string> */
    public $values = [];
    /** @var array<string, bool> */
    public $marks = [];
    /** @var int */
    public $reads = 0;
    /** @var int */
    public $writes = 0;

    public function read(string $name): array
    {
        $this->reads++;
        return isset($this->values[$name]) ? (array) json_decode($this->values[$name], true) : [];
    }

    public function change(string $name, callable $change): void
    {
        $new = (string) json_encode($change($this->read($name)));
        $this->writes += $new === ($this->values[$name] ?? '[]') ? 0 : 1;
        $this->values[$name] = $new;
    }

    public function insert(string $name, string $value): bool
    {
        if (isset($this->values[$name])) {
            return false;
        }
        $this->values[$name] = $value;
        return true;
    }

    public function mark(string $name, bool $set): void
    {
        $this->marks[$name] = $set;
    }

    public function mayBeMarked(string $name): bool
    {
        return $this->marks[$name] ?? false;
    }

    public function deleteOlder(string $prefix, int $limit): void
    {
        foreach ($this->values as $name => $value) {
            if (strncmp($name, $prefix, strlen($prefix)) === 0 && (int) $value < $limit) {
                unset($this->values[$name]);
            }
        }
    }
}

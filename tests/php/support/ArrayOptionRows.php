<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Support;

use CustomMigrator\OptionRows;

/** OptionRows in memory. */
final class ArrayOptionRows implements OptionRows
{
    /** @var array<string, string> */
    public $values = [];

    public function read(string $name): array
    {
        return isset($this->values[$name]) ? (array) json_decode($this->values[$name], true) : [];
    }

    public function change(string $name, callable $change): void
    {
        $this->values[$name] = (string) json_encode($change($this->read($name)));
    }

    public function insert(string $name, string $value): bool
    {
        if (isset($this->values[$name])) {
            return false;
        }
        $this->values[$name] = $value;
        return true;
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

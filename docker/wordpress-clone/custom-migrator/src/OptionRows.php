<?php

declare(strict_types=1);

namespace CustomMigrator;

/** Rows of the options table, past every cache and safe for several processes at once. */
interface OptionRows
{
    /** @return array<string|int, mixed> the decoded value; empty if there is no row */
    public function read(string $name): array;

    /**
     * Replaces a value by what $change makes of it; $change may run more than once.
     *
     * @param callable(array<string|int, mixed>): array<string|int, mixed> $change
     */
    public function change(string $name, callable $change): void;

    /** @return bool true for exactly one of all callers with this name */
    public function insert(string $name, string $value): bool;

    /** Sets or takes back a mark that WordPress loads with every page anyway. */
    public function mark(string $name, bool $set): void;

    /** @return bool false only if the mark is certainly not set; asks the database nothing */
    public function mayBeMarked(string $name): bool;

    /** Deletes the rows with this prefix whose value, a number, is less than $limit. */
    public function deleteOlder(string $prefix, int $limit): void;
}

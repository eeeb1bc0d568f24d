<?php

declare(strict_types=1);

namespace CustomMigrator\Database;

/**
 * How a table stood when its export began, to tell at its end whether rows may have changed meanwhile.
 *
 * It travels in the cursor, so the source keeps nothing between requests. It errs towards "changed": dates of
 * change have seconds, and a change in the second of the beginning may have been seen or not.
 */
final class Drift
{
    /** Larger tables are not counted: that alone could take a request's time. */
    private const MOST_COUNTED_ROWS = 2000000;

    /** @var int epoch seconds by the server's clock, before the first row was read */
    private $begunAt;
    /** @var int|null */
    private $updatedAt;
    /** @var string|null */
    private $autoIncrement;
    /** @var int|null */
    private $rows;

    public function __construct(int $begunAt, ?int $updatedAt, ?string $autoIncrement, ?int $rows)
    {
        $this->begunAt = $begunAt;
        $this->updatedAt = $updatedAt;
        $this->autoIncrement = $autoIncrement;
        $this->rows = $rows;
    }

    /** To be called before the first row is read, in the same view of the data. */
    public static function begin(Connection $db, Table $table): self
    {
        $status = $table->status;
        // Where a date tells of every change, rows are counted only if they are found by counting them.
        $counts = $table->key === [] || !$status->dated;
        $rows = $counts && $status->rows <= self::MOST_COUNTED_ROWS ? self::count($db, $table) : null;
        return new self($status->now, $status->updatedAt, $status->autoIncrement, $rows);
    }

    /** @param mixed $value of cursor() */
    public static function fromCursor($value): ?self
    {
        if (!is_array($value) || !is_int($value['t'] ?? null)) {
            return null;
        }
        $number = static function (string $name) use ($value): ?int {
            return is_int($value[$name] ?? null) ? $value[$name] : null;
        };
        $next = is_string($value['a'] ?? null) ? $value['a'] : null;
        return new self($value['t'], $number('u'), $next, $number('n'));
    }

    /** @return array<string, int|string> */
    public function cursor(): array
    {
        $value = ['t' => $this->begunAt, 'u' => $this->updatedAt, 'a' => $this->autoIncrement, 'n' => $this->rows];
        return array_filter($value, static function ($part): bool {
            return $part !== null;
        });
    }

    /** @return list<string>|null what shows a change (docs/protocol.md, section 6); null: nothing can be told */
    public function evidence(Connection $db, Table $table): ?array
    {
        $status = TableStatus::read($db, $table->name);
        if ($status === null) {
            return ['gone'];
        }
        return $this->compare($status, $this->rows === null ? null : self::count($db, $table));
    }

    /** @return list<string>|null */
    public function compare(TableStatus $now, ?int $rows): ?array
    {
        $evidence = array_keys(array_filter([
            'update_time' => $now->updatedAt !== null
                && ($now->updatedAt !== $this->updatedAt || $now->updatedAt >= $this->begunAt),
            'auto_increment' => $now->autoIncrement !== $this->autoIncrement,
            'row_count' => $rows !== $this->rows,
        ]));
        // A date that was there and is not any more: the server was restarted, or has forgotten the table.
        $forgotten = $now->updatedAt === null && $this->updatedAt !== null;
        return $evidence === [] && ($forgotten || !$now->dated) ? null : $evidence;
    }

    private static function count(Connection $db, Table $table): int
    {
        $where = $table->condition === null ? '' : ' WHERE ' . $table->condition;
        $row = $db->first('SELECT COUNT(*) AS n FROM ' . Connection::name($table->name) . $where);
        return (int) ($row['n'] ?? 0);
    }
}

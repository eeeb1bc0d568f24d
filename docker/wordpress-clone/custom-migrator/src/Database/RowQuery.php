<?php

declare(strict_types=1);

namespace CustomMigrator\Database;

/**
 * The SELECT that reads a table on from a cursor: by key where there is one, else by offset. Pure.
 *
 * A position is a list of key values as the server sent them, or a number of rows.
 */
final class RowQuery
{
    /** @var Table */
    private $table;
    /** @var int */
    private $inlineBytes;
    /** @var list<Column> */
    private $columns;
    /** @var list<int> positions of the key's cells in a result row */
    private $keyCells = [];
    /** @var array<int, int> for a long column's position, that of its length */
    private $lengthCells = [];
    /** @var list<string> */
    private $expressions = [];

    /** @param int $inlineBytes longer cells come as NULL with their length aside */
    public function __construct(Table $table, int $inlineBytes)
    {
        $this->table = $table;
        $this->columns = $table->exported();
        $this->inlineBytes = $inlineBytes;
        foreach ($this->columns as $column) {
            $this->expressions[] = $this->cell($column);
        }
        foreach ($this->columns as $position => $column) {
            if ($column->isLong()) {
                $length = $column->lengthExpression();
                $this->lengthCells[$position] = count($this->expressions);
                $this->expressions[] = "IF($length > $inlineBytes, $length, NULL)";
            }
        }
        $this->addKeyCells();
    }

    /** @param list<string>|int|null $after key values, rows to leave out, or null: from the beginning */
    public function sql($after, int $limit): string
    {
        $byKey = $this->table->keyIndex !== null;
        $where = array_filter([$this->table->condition, is_array($after) ? self::after($this->table, $after) : null]);
        // An engine that locks whole tables must not wait for our reader's network.
        $buffer = $this->table->status->transactional ? '' : 'SQL_BUFFER_RESULT ';
        $sql = 'SELECT ' . $buffer . implode(', ', $this->expressions)
            . ' FROM ' . Connection::name($this->table->name)
            // By offset, the order must be the table's own, never that of an index that happens to cover.
            . ($byKey ? ' FORCE INDEX (' . Connection::name((string) $this->table->keyIndex) . ')' : ' USE INDEX ()')
            . ($where === [] ? '' : ' WHERE ' . implode(' AND ', $where));
        if ($byKey) {
            return $sql . ' ORDER BY ' . implode(', ', self::keyNames($this->table)) . ' LIMIT ' . $limit;
        }
        return $sql . ' LIMIT ' . (is_int($after) ? $after : 0) . ', ' . $limit;
    }

    public function cellCount(): int
    {
        return count($this->columns);
    }

    /** @return list<string> */
    public function columnNames(): array
    {
        return array_column(array_map(static function (Column $column): array {
            return ['name' => $column->name];
        }, $this->columns), 'name');
    }

    /** @return array<int, int> */
    public function lengthCells(): array
    {
        return $this->lengthCells;
    }

    /**
     * @param list<?string> $row
     * @return list<string>
     */
    public function keyOf(array $row): array
    {
        return array_map(static function (int $cell) use ($row): string {
            return (string) $row[$cell];
        }, $this->keyCells);
    }

    /** @param list<string> $values */
    public static function at(Table $table, array $values): string
    {
        $parts = [];
        foreach ($table->keyColumns() as $index => $column) {
            $parts[] = Connection::name($column->name) . ' = ' . $column->literal($values[$index]);
        }
        return implode(' AND ', $parts);
    }

    /**
     * (a, b) > (x, y) in the form that servers resolve by index: a >= x AND (a > x OR (a = x AND b > y)).
     *
     * @param list<string> $values
     */
    public static function after(Table $table, array $values): string
    {
        $columns = $table->keyColumns();
        $condition = '';
        for ($index = count($columns) - 1; $index >= 0; $index--) {
            $name = Connection::name($columns[$index]->name);
            $literal = $columns[$index]->literal($values[$index]);
            $condition = $condition === ''
                ? "$name > $literal"
                : "$name >= $literal AND ($name > $literal OR ($name = $literal AND $condition))";
        }
        return "($condition)";
    }

    /** @return list<string> */
    private static function keyNames(Table $table): array
    {
        return array_map([Connection::class, 'name'], $table->key);
    }

    private function cell(Column $column): string
    {
        if (!$column->isLong()) {
            return $column->expression();
        }
        return "IF({$column->lengthExpression()} > {$this->inlineBytes}, NULL, {$column->expression()})";
    }

    private function addKeyCells(): void
    {
        $positions = array_flip($this->columnNames());
        foreach ($this->table->key as $name) {
            if (!isset($positions[$name])) { // a generated column may be part of a key
                $positions[$name] = count($this->expressions);
                $this->expressions[] = $this->table->column($name)->expression();
            }
            $this->keyCells[] = $positions[$name];
        }
    }
}

<?php

declare(strict_types=1);

namespace CustomMigrator\Database;

/** A table of the site with what is needed to read its rows. */
final class Table
{
    /** @var string */
    public $name;
    /** @var TableStatus at the beginning of the request */
    public $status;
    /** @var list<Column> */
    public $columns;
    /** @var string|null the index of the key */
    public $keyIndex;
    /** @var list<string> columns of the key; empty: read by offset */
    public $key;
    /** @var RowFilter|null null: all rows travel */
    public $filter;
    /** @var string|null SQL, true for the rows that travel */
    public $condition;

    /**
     * @param list<Column> $columns
     * @param list<string> $key
     */
    public function __construct(
        string $name,
        TableStatus $status,
        array $columns,
        ?string $keyIndex,
        array $key,
        ?RowFilter $filter
    ) {
        $this->name = $name;
        $this->status = $status;
        $this->columns = $columns;
        $this->keyIndex = $keyIndex;
        $this->key = $key;
        $this->filter = $filter;
        $this->condition = $filter === null ? null : $filter->condition;
    }

    /** @return list<Column> without the generated ones: the clone's server makes those itself */
    public function exported(): array
    {
        return array_values(array_filter($this->columns, static function (Column $column): bool {
            return !$column->generated;
        }));
    }

    /** @return list<Column> */
    public function keyColumns(): array
    {
        return array_map([$this, 'column'], $this->key);
    }

    public function column(string $name): Column
    {
        foreach ($this->columns as $column) {
            if ($column->name === $name) {
                return $column;
            }
        }
        throw new \InvalidArgumentException("no column $name in {$this->name}");
    }
}

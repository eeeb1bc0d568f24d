<?php

declare(strict_types=1);

namespace CustomMigrator\Database;

use CustomMigrator\ExportError;

/** The tables and views of the site, as the server describes them. */
final class Schema
{
    private const TRANSACTIONAL = ['innodb', 'xtradb', 'tokudb', 'rocksdb'];

    /** @var Connection */
    private $db;
    /** @var Scope */
    private $scope;
    /** @var array{0: list<string>, 1: list<string>}|null */
    private $divided;

    public function __construct(Connection $db, Scope $scope)
    {
        $this->db = $db;
        $this->scope = $scope;
    }

    public function connection(): Connection
    {
        return $this->db;
    }

    /** @return list<string> tables in the same database that belong to another WordPress */
    public function leftOut(): array
    {
        return $this->divide()[1];
    }

    /**
     * @return list<array<string, mixed>> name, type, engine, rows, bytes, collation; tables first, then views, by name
     */
    public function list(): array
    {
        [$ours] = $this->divide();
        $rows = $this->db->all(
            'SELECT TABLE_NAME AS name, TABLE_TYPE AS type, ENGINE AS engine, TABLE_ROWS AS row_count,'
            . ' DATA_LENGTH AS bytes, TABLE_COLLATION AS collation FROM information_schema.TABLES'
            . ' WHERE TABLE_SCHEMA = DATABASE()'
        );
        $list = [];
        foreach ($rows as $row) {
            if (in_array($row['name'], $ours, true) && ($entry = self::listed($row)) !== null) {
                $list[] = $entry;
            }
        }
        usort($list, static function (array $one, array $other): int {
            return [$one['type'], $one['name']] <=> [$other['type'], $other['name']];
        });
        return $list;
    }

    /** @return array<string, list<string>> the key of each table that has one, by table */
    public function keys(): array
    {
        $keys = [];
        foreach ($this->list() as $table) {
            $keys[$table['name']] = $table['type'] === 'table' ? $this->table($table['name'])->key : [];
        }
        return $keys;
    }

    /** @throws ExportError unknown_table */
    public function table(string $name): Table
    {
        if (!in_array($name, $this->divide()[0], true)) {
            throw new ExportError('unknown_table', $name . ' is not a table of this site');
        }
        $status = $this->db->first('SHOW TABLE STATUS WHERE Name = ' . $this->db->quote($name));
        if ($status === null || $status['Engine'] === null) {
            throw new ExportError('unknown_table', $name . ' is a view, or broken: ' . ($status['Comment'] ?? ''));
        }
        $columns = $this->columns($name);
        [$index, $key] = $this->key($name, $columns);
        $transactional = in_array(strtolower($status['Engine']), self::TRANSACTIONAL, true);
        return new Table($name, $transactional, $columns, $index, $key, $this->scope->condition($name));
    }

    /** @return list<Column> */
    public function columns(string $table): array
    {
        $rows = $this->db->all('SHOW FULL COLUMNS FROM ' . Connection::name($table));
        return array_map([Column::class, 'fromShow'], $rows);
    }

    public function filter(string $table): ?string
    {
        return $this->scope->filter($table);
    }

    public function create(string $name): string
    {
        $row = $this->db->first('SHOW CREATE TABLE ' . Connection::name($name)) ?? [];
        return Definitions::withoutDefiner((string) ($row['Create Table'] ?? $row['Create View'] ?? ''));
    }

    /** @return list<array<string, ?string>> empty also where the account may not see them */
    public function triggers(string $table): array
    {
        $rows = $this->db->all('SHOW TRIGGERS WHERE `Table` = ' . $this->db->quote($table));
        return array_map(static function (array $row): array {
            return [
                'name' => $row['Trigger'],
                'timing' => $row['Timing'],
                'event' => $row['Event'],
                'statement' => $row['Statement'],
                'sql_mode' => $row['sql_mode'],
                'charset_client' => $row['character_set_client'],
                'collation_connection' => $row['collation_connection'],
            ];
        }, $rows);
    }

    /** @return array{0: list<string>, 1: list<string>} */
    private function divide(): array
    {
        if ($this->divided === null) {
            $rows = $this->db->all(
                'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()'
            );
            $this->divided = $this->scope->divide(array_map('strval', array_column($rows, 'name')));
        }
        return $this->divided;
    }

    /**
     * @param array<string, ?string> $row
     * @return array<string, mixed>|null null: nothing that can be copied (a sequence, a system view)
     */
    private static function listed(array $row): ?array
    {
        $types = ['BASE TABLE' => 'table', 'SYSTEM VERSIONED' => 'table', 'VIEW' => 'view'];
        if (!isset($types[(string) $row['type']])) {
            return null;
        }
        return [
            'name' => (string) $row['name'],
            'type' => $types[(string) $row['type']],
            'engine' => $row['engine'],
            'rows' => (int) $row['row_count'],
            'bytes' => (int) $row['bytes'],
            'collation' => $row['collation'],
        ];
    }

    /**
     * The primary key, else the first unique key without NULL, if its order can be walked.
     *
     * @param list<Column> $columns
     * @return array{0: ?string, 1: list<string>}
     */
    private function key(string $table, array $columns): array
    {
        $byName = array_column(array_map(static function (Column $column): array {
            return [$column->name, $column];
        }, $columns), 1, 0);
        $indexes = [];
        foreach ($this->db->all('SHOW INDEX FROM ' . Connection::name($table)) as $part) {
            if ($part['Non_unique'] !== '0') {
                continue;
            }
            $column = $byName[(string) $part['Column_name']] ?? null; // none: an expression
            $usable = $column !== null && $part['Sub_part'] === null && $part['Index_type'] === 'BTREE'
                && !$column->nullable && $column->isOrderable() && ($part['Collation'] ?? 'A') === 'A'
                && ($part['Visible'] ?? 'YES') === 'YES' && ($part['Ignored'] ?? 'NO') === 'NO';
            $indexes[(string) $part['Key_name']][] = $usable ? $column->name : null;
        }
        foreach ($indexes as $name => $parts) {
            if (!in_array(null, $parts, true)) {
                return [(string) $name, $parts];
            }
        }
        return [null, []];
    }
}

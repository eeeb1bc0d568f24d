<?php

declare(strict_types=1);

namespace CustomMigrator\Database;

use CustomMigrator\ExportError;

/** The tables and views of the site, as the server describes them. */
final class Schema
{
    /** @var Connection */
    private $db;
    /** @var Scope */
    private $scope;
    /** @var array{0: list<string>, 1: list<string>}|null */
    private $divided;
    /** @var list<array{name: string, reason: string}> */
    private $broken = [];

    public function __construct(Connection $db, Scope $scope)
    {
        $this->db = $db;
        $this->scope = $scope;
    }

    public function connection(): Connection
    {
        return $this->db;
    }

    /** @return list<array{name: string, reason: string}> tables that are not exported */
    public function leftOut(): array
    {
        $others = array_map(static function (string $name): array {
            return ['name' => $name, 'reason' => 'other_site'];
        }, $this->divide()[1]);
        return array_merge($others, $this->broken);
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
            if (!in_array($row['name'], $ours, true) || ($entry = self::listed($row)) === null) {
                continue;
            }
            if ($entry['type'] === 'table' && $entry['engine'] === null) {
                $this->broken[] = ['name' => $entry['name'], 'reason' => 'broken'];
                continue;
            }
            $list[] = $entry;
        }
        usort($list, static function (array $one, array $other): int {
            return [$one['type'], $one['name']] <=> [$other['type'], $other['name']];
        });
        return $list;
    }

    /** @throws ExportError unknown_table */
    public function table(string $name): Table
    {
        if (!in_array($name, $this->divide()[0], true)) {
            throw new ExportError('unknown_table', $name . ' is not a table of this site');
        }
        $status = TableStatus::read($this->db, $name, $comment);
        if ($status === null) {
            throw new ExportError('unknown_table', $name . ' is a view, or broken: ' . $comment);
        }
        // MySQL describes a table from its dictionary and opens its files only to read it.
        $this->db->all('SELECT 1 FROM ' . Connection::name($name) . ' LIMIT 0');
        $columns = $this->columns($name);
        [$index, $key] = $this->key($name, $columns);
        $filter = RowFilter::of($this->scope->role($name), array_column($columns, 'name'));
        return new Table($name, $status, $columns, $index, $key, $filter);
    }

    /**
     * One table that the server cannot open must not keep the others from travelling.
     *
     * @param callable(): mixed $read
     * @return mixed null: broken, which leftOut() lists from now on
     */
    public function unlessBroken(string $name, callable $read)
    {
        try {
            return $read();
        } catch (DatabaseError $error) {
            if (!$this->db->tryExecute('DO 1')) {
                throw $error; // the connection is gone, not the table
            }
            $this->broken[] = ['name' => $name, 'reason' => 'broken'];
            return null;
        }
    }

    /** @return list<Column> */
    public function columns(string $table): array
    {
        $rows = $this->db->all('SHOW FULL COLUMNS FROM ' . Connection::name($table));
        return array_map([Column::class, 'fromShow'], $rows);
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
            if ((int) ($this->db->first('SELECT @@lower_case_table_names AS mode')['mode'] ?? 0) !== 0) {
                $this->scope = $this->scope->ignoringCase();
            }
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

<?php

declare(strict_types=1);

namespace CustomMigrator\Database;

/** One column, as the client needs it, and how it is read. Pure. */
final class Column
{
    private const KINDS = [
        'number' => ['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'float', 'double'],
        'text' => ['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'enum', 'set'],
        'binary' => ['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob', 'vector'],
        'temporal' => ['date', 'time', 'datetime', 'timestamp', 'year'],
        'bit' => ['bit'],
        'json' => ['json'],
        'geometry' => ['geometry', 'point', 'linestring', 'polygon', 'multipoint', 'multilinestring',
            'multipolygon', 'geometrycollection', 'geomcollection'],
    ];
    private const TIME = '/^-?[0-9]{2,4}([-:][0-9]{2}){0,2}( [0-9:.]+|\.[0-9]+)?$/D';
    private const LONG = ['mediumtext', 'longtext', 'mediumblob', 'longblob'];

    /** @var string */
    public $name;
    /** @var string e.g. "varchar(191)" */
    public $type;
    /** @var string e.g. "varchar" */
    public $dataType;
    /** @var string */
    public $kind;
    /** @var string|null */
    public $charset;
    /** @var string|null */
    public $collation;
    /** @var bool */
    public $nullable;
    /** @var bool */
    public $generated;

    /** @param array<string, ?string> $row of SHOW FULL COLUMNS */
    public static function fromShow(array $row): self
    {
        $column = new self();
        $column->name = (string) $row['Field'];
        $column->type = (string) $row['Type'];
        $column->dataType = (string) preg_replace('/[^a-z0-9_].*$/s', '', strtolower($column->type));
        $column->kind = self::kindOf($column->dataType);
        $column->collation = $row['Collation'] ?? null;
        $column->charset = $column->collation === null ? null : self::charsetOf($column->collation);
        $column->nullable = $row['Null'] === 'YES';
        // "DEFAULT_GENERATED" is only a default by expression.
        $column->generated = (bool) preg_match('/\b(VIRTUAL|STORED|PERSISTENT)\b/i', (string) $row['Extra']);
        return $column;
    }

    /** @return array<string, mixed> */
    public function describe(): array
    {
        return [
            'name' => $this->name,
            'type' => $this->type,
            'data_type' => $this->dataType,
            'kind' => $this->kind,
            'charset' => $this->charset,
            'collation' => $this->collation,
            'nullable' => $this->nullable,
            'generated' => $this->generated,
        ];
    }

    /** Whether a cell may be too large for a row. */
    public function isLong(): bool
    {
        return in_array($this->dataType, self::LONG, true) || $this->kind === 'json' || $this->kind === 'geometry';
    }

    /** The expression that gives the cell's bytes as the protocol wants them. */
    public function expression(): string
    {
        $name = Connection::name($this->name);
        if ($this->kind === 'bit') {
            return $name . ' + 0';
        }
        // As FLOAT it would be printed with 6 digits, as DOUBLE with all that it has.
        return $this->dataType === 'float' ? $name . ' + 0e0' : $name;
    }

    /** The length of the cell in bytes, also of a text. */
    public function lengthExpression(): string
    {
        return 'LENGTH(' . Connection::name($this->name) . ')';
    }

    /** The cell as a binary string, so that SUBSTRING counts bytes. CAST would give NULL beyond max_allowed_packet. */
    public function bytesExpression(): string
    {
        $name = Connection::name($this->name);
        if ($this->kind === 'json') {
            return "CONVERT(CONVERT($name USING utf8mb4) USING binary)";
        }
        return $this->kind === 'text' ? "CONVERT($name USING binary)" : $name;
    }

    /** Whether rows can be walked in the order of this column by comparing with a literal. */
    public function isOrderable(): bool
    {
        $byName = ['enum', 'set', 'float', 'double'];
        return in_array($this->kind, ['number', 'text', 'binary', 'temporal'], true)
            && !in_array($this->dataType, $byName, true);
    }

    /** A literal that compares with the column by the column's own rules, index included. */
    public function literal(string $value): string
    {
        if ($this->kind === 'number') {
            if (!preg_match('/^-?[0-9]+(\.[0-9]+)?$/D', $value)) {
                throw new \InvalidArgumentException('not a number: ' . $value);
            }
            return $value;
        }
        if ($this->kind === 'temporal' && !preg_match(self::TIME, $value)) {
            throw new \InvalidArgumentException('not a time: ' . $value);
        }
        $hex = "x'" . bin2hex($value) . "'";
        if ($this->kind === 'text') {
            return '_' . $this->charset . ' ' . $hex;
        }
        return ($this->kind === 'temporal' ? '_latin1 ' : '_binary ') . $hex;
    }

    private static function kindOf(string $dataType): string
    {
        foreach (self::KINDS as $kind => $types) {
            if (in_array($dataType, $types, true)) {
                return $kind;
            }
        }
        return 'other';
    }

    /** By the naming rule of all servers: "utf8mb4_0900_ai_ci", "binary"; MariaDB's "uca1400_ai_ci" has no charset. */
    public static function charsetOf(string $collation): string
    {
        $charset = (string) strstr($collation . '_', '_', true);
        return strncmp($charset, 'uca', 3) === 0 ? 'utf8mb4' : $charset;
    }
}

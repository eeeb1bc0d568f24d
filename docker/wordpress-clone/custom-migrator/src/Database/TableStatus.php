<?php

declare(strict_types=1);

namespace CustomMigrator\Database;

/** What the server says of a table now. */
final class TableStatus
{
    private const TRANSACTIONAL = ['innodb', 'xtradb', 'tokudb', 'rocksdb'];

    /** Engines that remember when a table was last changed; InnoDB since it was started, and not of partitions. */
    private const DATED = ['innodb', 'xtradb', 'myisam', 'aria', 'csv', 'archive'];

    /** @var bool */
    public $transactional;
    /** @var bool whether no date of change means no change */
    public $dated;
    /** @var int epoch seconds by the server's clock */
    public $now;
    /** @var int|null the same of the last change */
    public $updatedAt;
    /** @var string|null the next value */
    public $autoIncrement;
    /** @var int an estimate */
    public $rows;

    /** @return self|null null: a view, or a table that the server cannot open ($comment says why) */
    public static function read(Connection $db, string $table, ?string &$comment = null): ?self
    {
        $row = $db->first(
            'SELECT ENGINE AS engine, UNIX_TIMESTAMP() AS now, UNIX_TIMESTAMP(UPDATE_TIME) AS updated_at,'
            . ' AUTO_INCREMENT AS auto_increment, TABLE_ROWS AS row_count, CREATE_OPTIONS AS options,'
            . ' TABLE_COMMENT AS comment FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()'
            // A literal with its charset, because the connection may be set to bytes.
            . " AND TABLE_NAME = _utf8mb4 x'" . bin2hex($table) . "'"
        );
        $comment = (string) ($row['comment'] ?? '');
        return $row === null || $row['engine'] === null ? null : self::fromRow($row);
    }

    /** @param array<string, ?string> $row engine, now, updated_at, auto_increment, row_count, options */
    public static function fromRow(array $row): self
    {
        $status = new self();
        $engine = strtolower((string) $row['engine']);
        $status->transactional = in_array($engine, self::TRANSACTIONAL, true);
        $partitioned = stripos((string) $row['options'], 'partitioned') !== false;
        $status->dated = in_array($engine, self::DATED, true) && !$partitioned;
        $status->now = (int) $row['now'];
        $status->updatedAt = $row['updated_at'] === null ? null : (int) $row['updated_at'];
        $status->autoIncrement = $row['auto_increment'];
        $status->rows = (int) $row['row_count'];
        return $status;
    }
}

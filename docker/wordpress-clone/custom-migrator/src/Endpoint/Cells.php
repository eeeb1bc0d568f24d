<?php

declare(strict_types=1);

namespace CustomMigrator\Endpoint;

use CustomMigrator\Budget;
use CustomMigrator\Database\Column;
use CustomMigrator\Database\Connection;
use CustomMigrator\Database\RowQuery;
use CustomMigrator\Database\Table;
use CustomMigrator\ExportError;
use CustomMigrator\Params;
use CustomMigrator\Wire\Answer;
use CustomMigrator\Wire\Encoding;

/** Streams one large cell in pieces: docs/protocol.md, section 6. */
final class Cells
{
    /** The server reads the whole cell for each piece, so pieces are large; PHP holds two of them. */
    private const PIECE_BYTES = 2097152;
    private const FRAME_BYTES = 262144;

    /** @var Connection */
    private $db;
    /** @var Table */
    private $table;

    public function __construct(Connection $db, Table $table)
    {
        $this->db = $db;
        $this->table = $table;
    }

    /** @return array<string, mixed> the end of the answer */
    public function run(Params $params, Answer $answer, Budget $budget): array
    {
        $token = (array) $params->cursor('cell');
        [$column, $length, $source] = $this->resolve($token);
        $offset = $params->cursor()['a'] ?? 0;
        if (!is_int($offset) || $offset < 0) {
            throw new ExportError('bad_request', 'cursor is not one that this source has given');
        }
        $answer->json(['table' => $this->table->name, 'column' => $column->name]);
        $this->db->useStoredBytes();
        $begin = $offset;
        while ($offset < $length && ($offset === $begin || !$budget->isSpent($answer->bytes()))) {
            $piece = $this->piece($column, $source, $offset, $length);
            for ($at = 0; $at < strlen($piece); $at += self::FRAME_BYTES) {
                $part = substr($piece, $at, self::FRAME_BYTES);
                $answer->data($part);
                $offset += strlen($part);
                if ($answer->isCheckpointDue()) {
                    $answer->checkpoint(self::state($offset, $length));
                }
            }
            unset($piece); // before the next one is there
        }
        return ['complete' => $offset >= $length] + self::state($offset, $length);
    }

    /**
     * @param array<string, mixed> $token
     * @return array{0: Column, 1: int, 2: string} column, length, and the rest of the statement
     */
    private function resolve(array $token): array
    {
        $position = Rows::position($this->table, $token);
        try {
            $column = $this->table->column(is_string($token['c'] ?? null) ? $token['c'] : '');
            $key = is_array($position) ? RowQuery::at($this->table, $position) : null;
        } catch (\InvalidArgumentException $error) {
            throw new ExportError('bad_request', 'cell is not one that this source has given');
        }
        // A token is not signed: rows that do not travel stay closed to it too, our own keys among them.
        $where = implode(' AND ', array_filter([$this->table->condition, $key]));
        $source = ' FROM ' . Connection::name($this->table->name) . ($key === null ? ' USE INDEX ()' : '')
            . ($where === '' ? '' : ' WHERE ' . $where)
            . ($key === null ? ' LIMIT ' . (int) $position . ', 1' : '');
        return [$column, is_int($token['n'] ?? null) ? $token['n'] : 0, $source];
    }

    private function piece(Column $column, string $source, int $offset, int $length): string
    {
        $range = $offset + 1 . ', ' . min(self::PIECE_BYTES, intdiv($this->db->maxPacketBytes(), 2));
        $sql = "SELECT {$column->lengthExpression()}, SUBSTRING({$column->bytesExpression()}, $range)" . $source;
        foreach ($this->db->stream($sql) as $row) {
            if ((int) $row[0] === $length && (string) $row[1] !== '') {
                return (string) $row[1];
            }
        }
        throw new ExportError('cell_changed', 'the row is gone or the cell has another length');
    }

    /** @return array<string, mixed> */
    private static function state(int $offset, int $length): array
    {
        $cursor = $offset < $length ? Encoding::cursor(['a' => $offset]) : null;
        return ['cursor' => $cursor, 'offset' => $offset, 'length' => $length];
    }
}

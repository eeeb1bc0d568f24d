<?php

declare(strict_types=1);

namespace CustomMigrator\Endpoint;

use CustomMigrator\Budget;
use CustomMigrator\Database\Connection;
use CustomMigrator\Database\Drift;
use CustomMigrator\Database\RowQuery;
use CustomMigrator\Database\Schema;
use CustomMigrator\Database\Table;
use CustomMigrator\ExportError;
use CustomMigrator\Params;
use CustomMigrator\Wire\Answer;
use CustomMigrator\Wire\Encoding;

/** Streams the rows of tables: docs/protocol.md, section 6. */
final class Rows
{
    /** Together, the long cells of a row that travel in the row; it bounds the memory of a request. */
    public const INLINE_ROW_BYTES = 2097152;

    /** Of one answer. */
    public const MOST_TABLES = 64;

    private const FRAME_BYTES = 131072;
    private const FIRST_BATCH_ROWS = 500;
    private const MAX_BATCH_ROWS = 50000;
    private const BATCH_BYTES = 8388608;

    /** @var Connection */
    private $db;
    /** @var Table */
    private $table;
    /** @var RowQuery */
    private $query;
    /** @var int */
    private $rows = 0;
    /** @var list<string>|int|null where the next row comes after */
    private $position;
    /** @var Drift|null null: the cursor has lost the marks of the beginning */
    private $drift;

    public function __construct(Connection $db, Table $table)
    {
        $this->db = $db;
        $this->table = $table;
        $this->query = new RowQuery($table, self::inlineBytes($db, $table));
    }

    /** @return array<string, mixed> the end of the answer */
    public function run(Params $params, Answer $answer, Budget $budget): array
    {
        $cursor = $params->cursor();
        $this->position = self::position($this->table, $cursor);
        $this->db->useStoredBytes();
        $this->db->beginSnapshot();
        return $this->send($cursor, $answer, $budget);
    }

    /**
     * Several small tables in one answer and one view of the data, each ended by a checkpoint: WordPress is started
     * once for all of them, which takes longer than reading them.
     *
     * @param list<string> $names
     * @return array<string, mixed> the end of the answer
     */
    public static function ofEach(Schema $schema, array $names, Answer $answer, Budget $budget): array
    {
        $db = $schema->connection();
        $db->useStoredBytes();
        $begun = (int) ($db->first('SELECT UNIX_TIMESTAMP() AS now')['now'] ?? 0);
        $db->beginSnapshot();
        $complete = 0;
        foreach ($names as $name) {
            if ($complete > 0 && $budget->isSpent($answer->bytes())) {
                break;
            }
            $table = $schema->table($name);
            $table->status->now = $begun; // a change between the view and this moment counts, too
            $end = (new self($db, $table))->send(null, $answer, $budget);
            $answer->checkpoint(['table' => $name] + $end);
            if (!$end['complete']) {
                break;
            }
            $complete++;
        }
        return ['complete' => $complete === count($names), 'cursor' => null];
    }

    /**
     * @param array<string, mixed>|null $cursor null at the beginning, else that of $this->position
     * @return array<string, mixed> how far the table has come
     */
    private function send(?array $cursor, Answer $answer, Budget $budget): array
    {
        $answer->json($this->head());
        $this->drift = $cursor === null
            ? Drift::begin($this->db, $this->table) : Drift::fromCursor($cursor['d'] ?? null);
        $limit = self::FIRST_BATCH_ROWS;
        do {
            $rowsBefore = $this->rows;
            $bytesBefore = $answer->bytes();
            $whole = $this->batch($limit, $answer, $budget);
            $read = $this->rows - $rowsBefore;
            // However long that took: a request that found nothing would else be sent again, and find nothing again.
            $complete = $whole && $read < $limit;
            $limit = self::nextLimit($read, $answer->bytes() - $bytesBefore);
        } while ($whole && !$complete && !$budget->isSpent($answer->bytes()));
        $oneView = $cursor === null && $this->table->status->transactional;
        return ['complete' => $complete] + $this->state($complete) + ($complete ? $this->changes($oneView) : []);
    }

    /**
     * @param bool $oneView all rows were read in one consistent view
     * @return array{changed: ?bool, changed_by: list<string>}
     */
    private function changes(bool $oneView): array
    {
        $evidence = $oneView ? [] : ($this->drift === null ? null : $this->drift->evidence($this->db, $this->table));
        return ['changed' => $evidence === null ? null : $evidence !== [], 'changed_by' => (array) $evidence];
    }

    /** Long cells are sent apart if longer; at least 64 KiB, whatever the table looks like. */
    public static function inlineBytes(Connection $db, Table $table): int
    {
        $long = array_filter($table->exported(), static function ($column): bool {
            return $column->isLong();
        });
        $most = min(self::INLINE_ROW_BYTES, intdiv($db->maxPacketBytes(), 2));
        return max(65536, intdiv($most, max(1, count($long))));
    }

    /**
     * @param array<string, mixed>|null $cursor
     * @return list<string>|int|null
     */
    public static function position(Table $table, ?array $cursor)
    {
        if ($cursor === null) {
            return null;
        }
        if ($table->key === [] && is_int($cursor['o'] ?? null) && $cursor['o'] >= 0) {
            return $cursor['o'];
        }
        $values = array_map(static function ($value) {
            return is_string($value) ? base64_decode($value, true) : false;
        }, is_array($cursor['k'] ?? null) ? array_values($cursor['k']) : []);
        if (count($values) === count($table->key) && $values !== [] && !in_array(false, $values, true)) {
            try {
                RowQuery::at($table, $values);
                return $values;
            } catch (\InvalidArgumentException $error) {
                // a value that its column could never have had
            }
        }
        throw new ExportError('bad_request', 'the cursor does not fit the key of ' . $table->name);
    }

    /**
     * @param list<string>|int $position
     * @return array<string, mixed>
     */
    public static function cursorOf($position): array
    {
        return is_int($position) ? ['o' => $position] : ['k' => array_map('base64_encode', $position)];
    }

    /** @return bool whether all of it was read before the budget was spent */
    private function batch(int $limit, Answer $answer, Budget $budget): bool
    {
        $lengths = $this->query->lengthCells();
        $count = $this->query->cellCount();
        $buffer = '';
        foreach ($this->db->stream($this->query->sql($this->position, $limit)) as $row) {
            for ($i = 0; $i < $count; $i++) {
                $cell = $row[$i];
                if ($cell === null) {
                    $buffer .= isset($lengths[$i], $row[$lengths[$i]]) ? $this->largeCell($i, $row) : "\0";
                    continue;
                }
                $size = strlen($cell) + 2;
                $buffer .= ($size < 128 ? chr($size) : Encoding::number($size)) . $cell;
            }
            $this->rows++;
            $last = $row;
            if ($this->table->key === []) {
                $this->position = (int) $this->position + 1;
            }
            if (strlen($buffer) >= self::FRAME_BYTES) {
                $this->moveTo($row);
                $answer->data($buffer);
                $buffer = '';
                if ($answer->isCheckpointDue()) {
                    $answer->checkpoint($this->state(false));
                }
                if ($budget->isSpent($answer->bytes())) {
                    return false;
                }
            }
        }
        if (isset($last)) {
            $this->moveTo($last);
        }
        $answer->data($buffer);
        return true;
    }

    /** @param list<?string> $row */
    private function moveTo(array $row): void
    {
        if ($this->table->key !== []) {
            $this->position = $this->query->keyOf($row);
        }
    }

    /** @param list<?string> $row */
    private function largeCell(int $index, array $row): string
    {
        $length = (int) $row[$this->query->lengthCells()[$index]];
        $position = $this->table->key === [] ? (int) $this->position : $this->query->keyOf($row);
        $token = self::cursorOf($position) + ['c' => $this->query->columnNames()[$index], 'n' => $length];
        return "\x01" . Encoding::number($length) . Encoding::text(Encoding::cursor($token));
    }

    /** @return array<string, mixed> */
    private function head(): array
    {
        $kinds = array_map(static function ($column): string {
            return $column->kind;
        }, $this->table->exported());
        return [
            'table' => $this->table->name,
            'columns' => $this->query->columnNames(),
            'kinds' => $kinds,
            'key' => $this->table->key,
        ];
    }

    /** @return array<string, mixed> */
    private function state(bool $complete): array
    {
        $cursor = $complete || $this->position === null ? null : Encoding::cursor(
            self::cursorOf($this->position) + ($this->drift === null ? [] : ['d' => $this->drift->cursor()])
        );
        return ['cursor' => $cursor, 'rows' => $this->rows];
    }

    /** So many rows that a batch is about BATCH_BYTES: what is not sent of it must still be read from the server. */
    private static function nextLimit(int $rows, int $bytes): int
    {
        $average = max(1, intdiv($bytes, max(1, $rows)));
        return max(1, min(self::MAX_BATCH_ROWS, intdiv(self::BATCH_BYTES, $average)));
    }
}

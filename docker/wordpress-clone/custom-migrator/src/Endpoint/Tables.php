<?php

declare(strict_types=1);

namespace CustomMigrator\Endpoint;

use CustomMigrator\Budget;
use CustomMigrator\Database\Column;
use CustomMigrator\Database\Schema;
use CustomMigrator\Params;
use CustomMigrator\Wire\Answer;
use CustomMigrator\Wire\Encoding;

/** Definitions of tables and views: docs/protocol.md, section 5. */
final class Tables
{
    /** @var Schema */
    private $schema;

    public function __construct(Schema $schema)
    {
        $this->schema = $schema;
    }

    /** @return array<string, mixed> the end of the answer */
    public function run(Params $params, Answer $answer, Budget $budget): array
    {
        $after = $params->cursor();
        $count = 0;
        $last = null;
        foreach ($this->schema->list() as $entry) {
            if ($after !== null && [$entry['type'], $entry['name']] <= [$after['t'] ?? '', $after['n'] ?? '']) {
                continue;
            }
            if ($last !== null && $budget->isSpent($answer->bytes())) {
                return ['complete' => false, 'cursor' => $last, 'tables' => $count];
            }
            $definition = $this->schema->unlessBroken($entry['name'], function () use ($entry): array {
                return $entry['type'] === 'table' ? $this->table($entry) : $this->view($entry['name']);
            });
            if ($definition === null) {
                continue; // preflight lists it as left out
            }
            $answer->json($definition);
            $last = Encoding::cursor(['t' => $entry['type'], 'n' => $entry['name']]);
            $count++;
            if ($answer->isCheckpointDue()) {
                $answer->checkpoint(['cursor' => $last, 'tables' => $count]);
            }
        }
        return ['complete' => true, 'cursor' => null, 'tables' => $count];
    }

    /**
     * @param array<string, mixed> $entry
     * @return array<string, mixed>
     */
    private function table(array $entry): array
    {
        $table = $this->schema->table($entry['name']);
        return $entry + [
            'create' => $this->schema->create($entry['name']),
            'charset' => self::charset($entry['collation']),
            'key' => $table->key,
            'row_filter' => $table->filter === null ? null : $table->filter->name,
            'columns' => self::describe($table->columns),
            'triggers' => $this->schema->triggers($entry['name']),
        ];
    }

    /** @return array<string, mixed> */
    private function view(string $name): array
    {
        return [
            'name' => $name,
            'type' => 'view',
            'create' => $this->schema->create($name),
            'columns' => self::describe($this->schema->columns($name)),
        ];
    }

    /**
     * @param list<Column> $columns
     * @return list<array<string, mixed>>
     */
    private static function describe(array $columns): array
    {
        return array_map(static function (Column $column): array {
            return $column->describe();
        }, $columns);
    }

    private static function charset(?string $collation): ?string
    {
        return $collation === null ? null : Column::charsetOf($collation);
    }
}

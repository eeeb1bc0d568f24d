<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Unit;

use CustomMigrator\Database\Drift;
use CustomMigrator\Database\TableStatus;
use PHPUnit\Framework\TestCase;

final class DriftTest extends TestCase
{
    private const BEGUN = 1767225600;

    /** @param array<string, ?string> $row */
    private static function now(array $row): TableStatus
    {
        return TableStatus::fromRow($row + ['engine' => 'InnoDB', 'now' => (string) (self::BEGUN + 60),
            'updated_at' => null, 'auto_increment' => '10', 'row_count' => '9', 'options' => '']);
    }

    /**
     * @dataProvider cases
     * @param array<string, ?string> $row
     * @param list<string>|null      $expected
     */
    public function testWhatShowsAChange(?int $updatedAt, array $row, ?int $rows, ?array $expected): void
    {
        $drift = new Drift(self::BEGUN, $updatedAt, '10', 9);
        $back = Drift::fromCursor(json_decode((string) json_encode($drift->cursor()), true));
        self::assertEquals($drift, $back);
        self::assertSame($expected, $back->compare(self::now($row), $rows));
    }

    /** @return array<string, array{?int, array<string, ?string>, ?int, ?list<string>}> */
    public function cases(): array
    {
        $before = self::BEGUN - 5;
        return [
            'untouched since the server started' => [null, [], 9, []],
            'untouched' => [$before, ['updated_at' => (string) $before], 9, []],
            'touched' => [$before, ['updated_at' => (string) (self::BEGUN + 5)], 9, ['update_time']],
            'first touched now' => [null, ['updated_at' => (string) (self::BEGUN + 5)], 9, ['update_time']],
            'touched in the second of the beginning' => [self::BEGUN, ['updated_at' => (string) self::BEGUN], 9,
                ['update_time']],
            'a row more' => [null, ['auto_increment' => '11'], 10, ['auto_increment', 'row_count']],
            'the server has forgotten' => [$before, [], 9, null],
            'the server has forgotten, but there are fewer rows' => [$before, [], 8, ['row_count']],
            'partitions have no date' => [null, ['options' => 'partitioned'], 9, null],
            'an engine without dates' => [null, ['engine' => 'MEMORY'], 9, null],
        ];
    }

    public function testACursorWithoutMarksTellsNothing(): void
    {
        foreach ([null, [], 'x', ['t' => '1']] as $value) {
            self::assertNull(Drift::fromCursor($value));
        }
    }
}

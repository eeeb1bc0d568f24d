<?php

declare(strict_types=1);

namespace CustomMigrator\Files;

use CustomMigrator\Budget;

/** How many files there are, as far as the time reaches. */
final class Count
{
    /** @return array{complete: bool, count: int, bytes: int, by_root: array<string, array{count: int, bytes: int}>} */
    public static function of(Roots $roots, Budget $budget): array
    {
        $by = [];
        $complete = true;
        foreach ($roots->all() as $root) {
            [$count, $bytes, $whole] = self::root($root, $budget);
            $by[$root->name] = ['count' => $count, 'bytes' => $bytes];
            $complete = $complete && $whole;
        }
        return [
            'complete' => $complete,
            'count' => (int) array_sum(array_column($by, 'count')),
            'bytes' => (int) array_sum(array_column($by, 'bytes')),
            'by_root' => $by,
        ];
    }

    /** @return array{0: int, 1: int, 2: bool} */
    private static function root(Root $root, Budget $budget): array
    {
        $count = $bytes = 0;
        foreach ((new Walker($root, new Classifier($root, new Skip($root))))->entries() as $entry) {
            if ($budget->isSpent(0)) {
                return [$count, $bytes, false];
            }
            if ($entry->type === Entry::FILE) {
                $count++;
                $bytes += (int) @filesize($root->absolute($entry->path));
            }
        }
        return [$count, $bytes, true];
    }
}

<?php

/**
 * How many serialized values are no longer what they were, as deep as they are packed into one another.
 *
 * Usage: php check.php BEFORE AFTER; prints JSON.
 */

declare(strict_types=1);

function sound(string $text): mixed
{
    return $text === 'b:0;' ? false : (@unserialize($text) === false ? null : unserialize($text));
}

/** @return int values that were sound before and are not after */
function broken(mixed $before, mixed $after): int
{
    if (is_string($before)) {
        $inner = sound($before);
        if ($inner === null) {
            return 0;
        }
        $now = is_string($after) ? sound($after) : null;
        return $now === null ? 1 : broken($inner, $now);
    }
    if (!is_array($before)) {
        return 0;
    }
    if (!is_array($after) || count($before) !== count($after)) {
        return 1;
    }
    return array_sum(array_map('broken', array_values($before), array_values($after)));
}

[, $before, $after] = $argv;
[$was, $is] = [fopen($before, 'r'), fopen($after, 'r')];
$counts = ['serialized' => 0, 'broken' => 0, 'still_old' => 0];
while (($cell = fgets($was)) !== false) {
    $cell = rtrim($cell, "\n");
    $now = rtrim((string) fgets($is), "\n");
    $counts['serialized'] += sound($cell) === null ? 0 : 1;
    $counts['broken'] += min(1, broken($cell, $now));
    $counts['still_old'] += str_contains($now, 'shop.example.com') ? 1 : 0;
}
echo json_encode($counts), "\n";

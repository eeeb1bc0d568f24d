<?php

/**
 * The rewriter of many migration tools: replace the text, then correct the lengths of serialized strings by a
 * regular expression.
 *
 * Usage: php regex.php FROM TO < cells, one a line
 */

declare(strict_types=1);

[, $from, $to] = $argv;
$slashes = static fn (string $url): string => str_replace('/', '\\/', $url);
$pairs = [$from => $to, $slashes($from) => $slashes($to)];
$recount = static fn (array $match): string => 's:' . strlen($match[1]) . ':"' . $match[1] . '";';
while (($cell = fgets(STDIN)) !== false) {
    $new = strtr($cell, $pairs);
    echo $new === $cell ? $cell : preg_replace_callback('/s:\d+:"(.*?)";/s', $recount, $new);
}

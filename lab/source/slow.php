<?php

/**
 * A host that is shared by too many: whatever PHP sends to a visitor costs it CPU time, which max_execution_time counts.
 * Loaded before every page, by auto_prepend_file.
 *
 * @license Apache-2.0
 */

declare(strict_types=1);

namespace LabSource\Slow;

const SECONDS_PER_BYTE = 0.2e-6;

function cpuSeconds(): float
{
    $usage = getrusage();
    return $usage['ru_utime.tv_sec'] + $usage['ru_utime.tv_usec'] / 1e6;
}

function send(string $bytes): string
{
    $until = cpuSeconds() + strlen($bytes) * SECONDS_PER_BYTE;
    while (cpuSeconds() < $until) {
        hash('sha256', $bytes);
    }
    return $bytes;
}

if (PHP_SAPI !== 'cli') { // whoever fills the site is no visitor
    // A buffer that nobody can take away: the export plugin ends those of other plugins.
    ob_start(send(...), 0, PHP_OUTPUT_HANDLER_CLEANABLE | PHP_OUTPUT_HANDLER_FLUSHABLE);
}

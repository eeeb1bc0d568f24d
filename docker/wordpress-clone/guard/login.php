<?php

/**
 * What a login link carries, and whether it opens this clone (clonepool/domain/leasekeys.py makes it).
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard;

/** How far ahead a pass may end: as long as it lives, and what the clocks of the API and of this node may differ. */
const LONGEST_PASS = 60 + 30;

/** The nonce of a pass that is signed for this lease and clone and not over; null for every other. */
function nonceOf(string $pass, string $key, string $cloneId, int $now): ?string
{
    if (preg_match('/^(\d{1,12})\.([0-9a-f]{32})\.([0-9a-f]{64})$/D', $pass, $part) !== 1 || strlen($key) !== 64) {
        return null;
    }
    [, $until, $nonce, $signature] = $part;
    $right = hash_hmac('sha256', "clonepool-login-link-v1\n{$cloneId}\n{$until}\n{$nonce}", $key);
    $valid = hash_equals($right, $signature) && $now < (int) $until && (int) $until <= $now + LONGEST_PASS;
    return $valid ? $nonce : null;
}

/** Whether this is the first use of a nonce. The file system lets one caller only make the file. */
function firstUse(string $nonce, string $folder): bool
{
    $made = @fopen("{$folder}/login-{$nonce}", 'x');
    return $made !== false && fclose($made);
}

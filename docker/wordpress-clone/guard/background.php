<?php

/**
 * Nothing runs by itself: a copy must not renew subscriptions, send queued orders or change its own code.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard;

decide('DISABLE_WP_CRON', true);
decide('AUTOMATIC_UPDATER_DISABLED', true);

// The constant only stops WordPress from calling it.
if (basename($_SERVER['SCRIPT_NAME'] ?? '') === 'wp-cron.php') {
    http_response_code(204);
    exit;
}

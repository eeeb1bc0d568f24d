<?php

/**
 * Nothing runs by itself: a copy must not renew subscriptions, send queued orders or change its own code.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard;

decide('DISABLE_WP_CRON', true);
decide('ALTERNATE_WP_CRON', false);
decide('AUTOMATIC_UPDATER_DISABLED', true);

// The constant only stops WordPress from calling it.
if (basename((string) ($_SERVER['SCRIPT_FILENAME'] ?? '')) === 'wp-cron.php') {
    ledger()->note('cron', '', 'wp-cron.php', 'blocked');
    http_response_code(204);
    exit;
}

// Whoever includes the file finds nothing to do.
filter('pre_get_ready_cron_jobs', static fn (): array => []);

// Action Scheduler has three ways to its queue: a cron hook, a request to admin-ajax that pages of the administration
// send, and either of them by hand.
filter('action_scheduler_allow_async_request_runner', static fn (): bool => false);
filter('action_scheduler_queue_runner_concurrent_batches', static fn (): int => 0);
filter('action_scheduler_queue_runner_batch_size', static fn (): int => 0);
filter('action_scheduler_run_queue', static function (): void {
    ledger()->note('cron', '', 'action-scheduler', 'blocked');
}, 0);

// Runners of a plugin's own ask none of these filters. Whatever executes an action announces it, and is stopped by an
// exception, which Action Scheduler takes for a failure of this action. What a person runs from the list is wanted.
filter('action_scheduler_before_execute', static function (mixed $action, mixed $context = ''): void {
    if ($context !== 'Admin List Table') {
        ledger()->note('cron', '', 'action-scheduler', 'blocked');
        throw new \RuntimeException('A clone runs nothing by itself.');
    }
}, 2);

<?php

/**
 * Action Scheduler in miniature, as a must-use plugin: the hooks, filters and order of checks by which WooCommerce's
 * queue gets run (its 3.x), with one option for a store. The due action leaves a file, and so does each dispatch.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

final class MiniScheduler
{
    public const QUEUE = 'action_scheduler_run_queue';
    private const AJAX = 'as_async_request_queue_runner';
    private const STORE = 'mini_actions';

    public static function init(): void
    {
        add_filter('cron_schedules', static fn (array $all): array => $all + [
            'every_minute' => ['interval' => 60, 'display' => 'Every minute'],
        ]);
        if (!wp_next_scheduled(self::QUEUE, ['WP Cron'])) {
            wp_schedule_event(time() - 1, 'every_minute', self::QUEUE, ['WP Cron']);
        }
        add_action(self::QUEUE, [self::class, 'run']);
        add_action('shutdown', [self::class, 'dispatchFromAdmin']);
        foreach (['wp_ajax_', 'wp_ajax_nopriv_'] as $who) {
            add_action($who . self::AJAX, [self::class, 'answer']);
        }
        add_action('mini_due', static fn (string $id) => touch("/tmp/action-{$id}-ran"));
    }

    public static function enqueue(string $id): void
    {
        update_option(self::STORE, [$id => 'pending'] + self::actions());
    }

    /** @return array<string, string> status by id */
    public static function actions(): array
    {
        wp_cache_delete(self::STORE, 'options');
        return (array) get_option(self::STORE, []);
    }

    public static function nonce(): string
    {
        return wp_create_nonce(self::AJAX);
    }

    /** WP-Cron's hook, and everybody's who calls it by hand. */
    public static function run(string $context = 'WP Cron'): int
    {
        do_action('action_scheduler_before_process_queue');
        $done = 0;
        if (self::mayClaim()) {
            $size = apply_filters('action_scheduler_queue_runner_batch_size', 25);
            foreach (array_slice(array_keys(self::actions(), 'pending', true), 0, $size) as $id) {
                self::process((string) $id, $context);
                $done++;
            }
        }
        do_action('action_scheduler_after_process_queue');
        return $done;
    }

    /** ActionScheduler_Abstract_QueueRunner::process_action() */
    public static function process(string $id, string $context = ''): void
    {
        try {
            do_action('action_scheduler_before_execute', $id, $context);
            if ((self::actions()[$id] ?? '') !== 'pending') {
                do_action('action_scheduler_execution_ignored', $id, $context);
                return;
            }
            do_action('action_scheduler_begin_execute', $id, $context);
            do_action('mini_due', $id);
            self::mark($id, 'complete');
        } catch (Throwable $error) {
            self::mark($id, 'failed');
            do_action('action_scheduler_failed_execution', $id, $error, $context);
        }
    }

    /** On `shutdown` of each page of the administration. */
    public static function dispatchFromAdmin(): void
    {
        if (is_admin()) {
            self::dispatch();
        }
    }

    /** The loopback request that dispatch() sends. */
    public static function answer(): void
    {
        check_ajax_referer(self::AJAX, 'nonce');
        do_action(self::QUEUE, 'Async Request');
        self::dispatch();
        wp_die();
    }

    private static function dispatch(): void
    {
        $due = has_action(self::QUEUE) && self::mayClaim() && in_array('pending', self::actions(), true);
        if (apply_filters('action_scheduler_allow_async_request_runner', $due)) {
            touch('/tmp/queue-dispatched');
            $url = add_query_arg(['action' => self::AJAX, 'nonce' => self::nonce()], admin_url('admin-ajax.php'));
            wp_remote_post($url, ['timeout' => 0.01, 'blocking' => false, 'cookies' => $_COOKIE]);
        }
    }

    private static function mayClaim(): bool
    {
        return 0 < apply_filters('action_scheduler_queue_runner_concurrent_batches', 1);
    }

    private static function mark(string $id, string $status): void
    {
        update_option(self::STORE, [$id => $status] + self::actions());
    }
}

add_action('init', [MiniScheduler::class, 'init'], 1);

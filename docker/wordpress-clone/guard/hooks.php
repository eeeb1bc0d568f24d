<?php

/**
 * Hooks before WordPress: whatever lies in $wp_filter when WordPress starts becomes a registered hook
 * (WP_Hook::build_preinitialized_hooks).
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard;

/**
 * Register a filter that runs after those of the site.
 *
 * @param string   $hook      Name of WordPress's filter.
 * @param callable $callback  Takes the filter's arguments, returns its value.
 * @param int      $arguments How many arguments the callback takes.
 */
function filter(string $hook, callable $callback, int $arguments = 1): void
{
    $GLOBALS['wp_filter'][$hook][PHP_INT_MAX][] = ['function' => $callback, 'accepted_args' => $arguments];
}

/** Define a constant of WordPress first, so that the site's own value comes too late. */
function decide(string $constant, bool $value): void
{
    defined($constant) || define($constant, $value);
}

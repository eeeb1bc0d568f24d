<?php

/**
 * Caches and other databases of the source stay out, also when a plugin of the clone installs its drop-in anew: they
 * would speak to a Redis, a Memcached or a MySQL that the clone has not. The import has set aside what the source had.
 *
 * What else WordPress runs by its name (maintenance.php, php-error.php, install.php ...) speaks to nobody by its
 * nature, and whoever installs it in the clone is code that runs there anyway. sunrise.php needs a constant of
 * wp-config.php, which is ours.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard;

filter('enable_loading_object_cache_dropin', static fn (): bool => false);
filter('enable_loading_advanced_cache_dropin', static fn (): bool => false);

/** Rename a file, so that WordPress, which is about to look for it, does not find it. */
function setAside(string $file): void
{
    if (is_file($file) || is_link($file)) {
        @rename($file, $file . '.set-aside');
    }
}

// No filter asks about db.php. This one is the last before it, once WordPress knows where its content lies.
filter('enable_wp_debug_mode_checks', static function (bool $enabled): bool {
    setAside(WP_CONTENT_DIR . '/db.php');
    return $enabled;
});

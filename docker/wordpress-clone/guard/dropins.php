<?php

/**
 * Caches of the source stay out, also when a plugin of the clone installs its drop-in anew: they would speak to a Redis
 * or Memcached that the clone has not. The import has set aside what the source had.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard;

filter('enable_loading_object_cache_dropin', static fn (): bool => false);
filter('enable_loading_advanced_cache_dropin', static fn (): bool => false);

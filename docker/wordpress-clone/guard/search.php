<?php

/**
 * Search engines stay out, also of what the site says about itself. Apache adds the header and robots.txt.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard;

filter('pre_option_blog_public', static fn (): string => '0');

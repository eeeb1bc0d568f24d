<?php

/**
 * The guard of a clone: what a copy of a live site must never do, whatever the site's own code wants.
 *
 * Apache loads it before every script of a pod in warm-pool mode (auto_prepend_file by php_admin_value, which neither
 * .htaccess nor ini_set can undo). It lies in the image, read-only. It runs before WordPress is there, so it speaks
 * through constants and through hooks that WordPress finds already registered.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard;

require __DIR__ . '/lease.php';
require __DIR__ . '/hooks.php';
require __DIR__ . '/ledger.php';
require __DIR__ . '/address.php';
require __DIR__ . '/background.php';
require __DIR__ . '/dropins.php';
require __DIR__ . '/fatal.php';
require __DIR__ . '/mail.php';
require __DIR__ . '/network.php';
require __DIR__ . '/report.php';
require __DIR__ . '/search.php';

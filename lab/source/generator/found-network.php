<?php

/**
 * Make the site that main.php has made the main one of a network; settle-network.php comes next. The job is that of main.php.
 *
 * @license Apache-2.0
 */

declare(strict_types=1);

namespace LabSource;

require __DIR__ . '/begin.php';

(new Network($job['url']))->found($job['title']);

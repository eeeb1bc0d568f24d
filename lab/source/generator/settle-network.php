<?php

/**
 * Give the network its further sites, with content. The job is that of main.php, and so is the answer, of those sites.
 *
 * @license Apache-2.0
 */

declare(strict_types=1);

namespace LabSource;

require __DIR__ . '/begin.php';

$counts = (new Network($job['url']))->settle($job['admin_user']);
(new Site($job['url']))->activate();

echo json_encode($counts, JSON_THROW_ON_ERROR), "\n";

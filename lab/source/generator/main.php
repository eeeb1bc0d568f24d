<?php

/**
 * Turn the pristine WordPress of a source pod into the site that was asked for. Runs in the pod, as the site's user.
 *
 * The job comes on standard input, as JSON:
 *   {"url", "title", "admin_user", "admin_password", "size": "small|medium|large", or null for a site brought along,
 *    "prefix"}
 * The answer goes to standard output: {"posts", "post_meta", "comments", "files", "bytes", "seconds"}
 *
 * @license Apache-2.0
 */

declare(strict_types=1);

namespace LabSource;

$started = microtime(true);
require __DIR__ . '/begin.php';

$site = new Site($job['url']);
$site->address();
$site->administrator($job['admin_user'], $job['admin_password']);
$counts = [];
if ($job['size'] !== null) {
    $size = Size::of($job['size']);
    $site->dress($job['title']);
    $site->schedule();
    $uploads = ['basedir' => WP_CONTENT_DIR . '/uploads', 'baseurl' => "{$job['url']}/wp-content/uploads"];
    $counts = (new Content($job['url'], $size, $uploads))->generate();
}
$site->finish();

$counts['seconds'] = round(microtime(true) - $started, 1);
echo json_encode($counts, JSON_THROW_ON_ERROR), "\n";

<?php

/**
 * Runs in the clone: fetch the zip over HTTP and unpack it.
 *
 * Usage: php unzip.php URL FOLDER; prints the seconds of both steps.
 */

declare(strict_types=1);

[, $url, $folder] = $argv;
$file = '/var/www/old-flow.zip';
$start = microtime(true);
copy($url, $file) || exit("cannot fetch {$url}\n");
$fetched = microtime(true);
$zip = new ZipArchive();
$zip->open($file) === true && $zip->extractTo($folder) && $zip->close() || exit("cannot unpack {$file}\n");
unlink($file);
echo json_encode(['download' => $fetched - $start, 'unzip' => microtime(true) - $fetched]), "\n";

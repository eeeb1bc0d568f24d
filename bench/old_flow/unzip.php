<?php

/**
 * Runs in the clone: fetch the zip over HTTP and unpack it.
 *
 * Usage: php unzip.php URL ADDRESS FOLDER; ADDRESS is where the URL's host is; prints the seconds of both steps.
 */

declare(strict_types=1);

[, $url, $address, $folder] = $argv;
$host = (string) parse_url($url, PHP_URL_HOST);
$named = stream_context_create(['http' => ['header' => "Host: {$host}"]]);
$file = '/var/www/old-flow.zip';
$start = microtime(true);
copy(str_replace("://{$host}", "://{$address}", $url), $file, $named) || exit("cannot fetch {$url}\n");
$fetched = microtime(true);
$zip = new ZipArchive();
$zip->open($file) === true && $zip->extractTo($folder) && $zip->close() || exit("cannot unpack {$file}\n");
unlink($file);
echo json_encode(['download' => $fetched - $start, 'unzip' => microtime(true) - $fetched]), "\n";

<?php

/**
 * Runs on the source: everything in wp-content as one zip, where the web server hands it out.
 *
 * Usage: php zip.php FOLDER FILE
 */

declare(strict_types=1);

[, $folder, $file] = $argv;
$zip = new ZipArchive();
$zip->open($file, ZipArchive::CREATE | ZipArchive::OVERWRITE) === true || exit("cannot write {$file}\n");
$all = new RecursiveIteratorIterator(new RecursiveDirectoryIterator($folder, FilesystemIterator::SKIP_DOTS));
foreach ($all as $path => $entry) {
    if ($entry->isFile() && $path !== $file) {
        $zip->addFile($path, substr($path, strlen($folder) + 1));
    }
}
$zip->close() || exit("cannot close {$file}\n");
echo json_encode(['bytes' => filesize($file)]), "\n";

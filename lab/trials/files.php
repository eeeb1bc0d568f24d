<?php

/**
 * Describe every file of the document root: php files.php, in a wordpress container. The answer is JSON,
 * {"path": "sha256 and size, or what else it is"}, with each byte of a name that is no ASCII as %XX.
 *
 * @license Apache-2.0
 */

declare(strict_types=1);

const ROOT = '/var/www/html';

$found = [];
$all = new RecursiveIteratorIterator(
    new RecursiveDirectoryIterator(ROOT, FilesystemIterator::SKIP_DOTS),
    RecursiveIteratorIterator::SELF_FIRST
);
foreach ($all as $path => $entry) {
    $name = implode('/', array_map(rawurlencode(...), explode('/', substr($path, strlen(ROOT) + 1))));
    $found[$name] = match (true) {
        $entry->isLink() => 'link to ' . rawurlencode($entry->getLinkTarget()),
        $entry->isDir() => 'folder',
        $entry->isFile() => hash_file('sha256', $path) . ' ' . $entry->getSize(),
        default => $entry->getType(),
    };
}
echo json_encode((object) $found, JSON_THROW_ON_ERROR);

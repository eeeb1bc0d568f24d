<?php

/** php as_nobody.php SITE: the records of `plugins` as an account that owns nothing reads them, as JSON. */

declare(strict_types=1);

use CustomMigrator\Site;
use CustomMigrator\Tests\Support\AnswerReader;
use CustomMigrator\Tests\Support\Source;

require __DIR__ . '/../bootstrap.php';

$paths = array_fill_keys(['mu_plugins', 'themes', 'uploads', 'self'], $argv[1] . '/none')
    + ['abspath' => $argv[1], 'content' => $argv[1] . '/wp-content', 'plugins' => $argv[1] . '/wp-content/plugins'];
$tables = ['prefix' => 'wp_', 'multisite' => false, 'users' => null, 'usermeta' => null];
$source = new Source(new Site([], [], $paths, $tables));
AnswerReader::records($source->ask('files', ['root' => 'plugins'])->data); // loads the classes, while we may
if (posix_getuid() === 0) {
    posix_setuid(65534);
}
clearstatcache();
echo json_encode(AnswerReader::records($source->ask('files', ['root' => 'plugins'])->data));

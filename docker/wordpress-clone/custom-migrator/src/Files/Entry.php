<?php

declare(strict_types=1);

namespace CustomMigrator\Files;

/** Something found in a root: a directory, a file, a link, or a thing that is skipped. */
final class Entry
{
    public const DIRECTORY = 'd';
    public const FILE = 'f';
    public const LINK = 'l';
    public const SKIPPED = 's';

    /** @var string */
    public $type;
    /** @var string relative to the root */
    public $path;
    /** @var string a link's target, or the reason of a skip */
    public $detail;

    public function __construct(string $type, string $path, string $detail = '')
    {
        $this->type = $type;
        $this->path = $path;
        $this->detail = $detail;
    }
}

<?php

declare(strict_types=1);

namespace CustomMigrator\Files;

/** Says of one path what it is and whether it may travel. No path leads out of the root. */
final class Classifier
{
    /** @var Root */
    private $root;
    /** @var Skip */
    private $skip;

    public function __construct(Root $root, Skip $skip)
    {
        $this->root = $root;
        $this->skip = $skip;
    }

    /** @return Entry|null null: belongs to another root */
    public function classify(string $path): ?Entry
    {
        $absolute = $this->root->absolute($path);
        $link = is_link($absolute);
        $directory = !$link && is_dir($absolute);
        // A link to another root's folder (a shared uploads folder) stands for that root.
        if (!$this->root->owns($path, $directory || ($link && is_dir($absolute)))) {
            return null;
        }
        $reason = $this->skip->reason($path, $directory);
        if ($reason !== null) {
            return new Entry(Entry::SKIPPED, $path, $reason);
        }
        if ($link) {
            return $this->link($path, $absolute);
        }
        if (!$directory && !is_file($absolute)) {
            return new Entry(Entry::SKIPPED, $path, file_exists($absolute) ? 'special' : 'missing');
        }
        if (!is_readable($absolute)) {
            return new Entry(Entry::SKIPPED, $path, 'unreadable');
        }
        return new Entry($directory ? Entry::DIRECTORY : Entry::FILE, $path);
    }

    /**
     * A path that the client names: every part is looked at as the walk would have done.
     *
     * @return Entry|null null: not a path of this root
     */
    public function resolve(string $path): ?Entry
    {
        if (!self::isSafe($path)) {
            return null;
        }
        $parts = explode('/', $path);
        for ($depth = 1; $depth < count($parts); $depth++) {
            $entry = $this->classify(implode('/', array_slice($parts, 0, $depth)));
            if ($entry === null || $entry->type !== Entry::DIRECTORY) {
                return $entry === null ? null : new Entry(Entry::SKIPPED, $path, self::reasonUnder($entry));
            }
        }
        return $this->classify($path);
    }

    /** Relative, with "/" between parts that are neither empty nor "." nor ".." and have no NUL. */
    public static function isSafe(string $path): bool
    {
        if (strpos($path, "\0") !== false) {
            return false;
        }
        return array_intersect(explode('/', $path), ['', '.', '..']) === [];
    }

    private static function reasonUnder(Entry $parent): string
    {
        return $parent->type === Entry::SKIPPED ? $parent->detail : 'missing';
    }

    private function link(string $path, string $absolute): Entry
    {
        $real = Roots::resolve($absolute);
        // Of links that lead to each other PHP says, at times, that one of them is the real path.
        if ($real === null || is_link($real)) {
            return new Entry(Entry::SKIPPED, $path, 'link_broken');
        }
        $base = rtrim($this->root->path, '/') . '/';
        if (strncmp($real . '/', $base, strlen($base)) !== 0) {
            return new Entry(Entry::SKIPPED, $path, 'link_outside');
        }
        $inside = (string) substr($real, strlen($base));
        $target = $inside === '' ? null : $this->resolve($inside);
        if ($target === null || $target->type === Entry::SKIPPED) {
            return new Entry(Entry::SKIPPED, $path, $target === null ? 'link_outside' : $target->detail);
        }
        return new Entry(Entry::LINK, $path, self::relative($path, $inside));
    }

    /** $to as seen from the folder of $from; both relative to the root. */
    private static function relative(string $from, string $to): string
    {
        $folder = explode('/', $from);
        array_pop($folder);
        $parts = explode('/', $to);
        while ($folder !== [] && count($parts) > 1 && $folder[0] === $parts[0]) {
            array_shift($folder);
            array_shift($parts);
        }
        return str_repeat('../', count($folder)) . implode('/', $parts);
    }
}

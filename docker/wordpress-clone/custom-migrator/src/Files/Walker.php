<?php

declare(strict_types=1);

namespace CustomMigrator\Files;

/**
 * Walks a root in a fixed order that can be entered again after any path, with the memory of one folder's part.
 *
 * Within a folder names come in byte order; where the newest come first, names of digits only (years, months)
 * come after all others and backwards.
 */
final class Walker
{
    /** So many names of a folder are held at once; larger folders are read again for the next part. */
    private const NAMES = 5000;

    /** @var Root */
    private $root;
    /** @var Classifier */
    private $classifier;
    /** @var int */
    private $names;

    public function __construct(Root $root, Classifier $classifier, int $names = self::NAMES)
    {
        $this->root = $root;
        $this->classifier = $classifier;
        $this->names = $names;
    }

    /**
     * @param string|null $after the path of the last entry that was dealt with
     * @return \Generator<int, Entry>
     */
    public function entries(?string $after = null): \Generator
    {
        return $this->folder('', $after);
    }

    /** @return \Generator<int, Entry> */
    private function folder(string $folder, ?string $after): \Generator
    {
        [$first, $rest] = $after === null ? [null, null] : explode('/', $after, 2) + [1 => null];
        if ($first !== null) {
            yield from $this->unfinished(self::join($folder, $first), $rest);
        }
        foreach ($this->namesAfter($folder, $first) as $name) {
            $path = self::join($folder, $name);
            $entry = $this->classifier->classify($path);
            if ($entry === null) {
                continue;
            }
            yield $entry;
            if ($entry->type === Entry::DIRECTORY) {
                yield from $this->folder($path, null);
            }
        }
    }

    /** What is still to come below an entry that was itself dealt with. @return \Generator<int, Entry> */
    private function unfinished(string $path, ?string $rest): \Generator
    {
        $entry = $this->classifier->classify($path);
        if ($entry !== null && $entry->type === Entry::DIRECTORY) {
            yield from $this->folder($path, $rest);
        }
    }

    /** @return \Generator<int, string> */
    private function namesAfter(string $folder, ?string $name): \Generator
    {
        $after = $name === null ? null : $this->orderKey($name);
        do {
            $names = 0;
            foreach ($this->readPart($this->root->absolute($folder), $after) as $after => $present) {
                $names++;
                yield self::nameOf($after);
            }
        } while ($names === $this->names);
    }

    /** @return array<string, true> the order keys of the next names, which are in them: each name is held once */
    private function readPart(string $folder, ?string $after): array
    {
        $handle = @opendir($folder);
        if ($handle === false) {
            return [];
        }
        $part = [];
        while (($name = readdir($handle)) !== false) {
            $key = $this->orderKey($name);
            if ($name === '.' || $name === '..' || ($after !== null && strcmp($key, $after) <= 0)) {
                continue;
            }
            $part[$key] = true;
            if (count($part) >= 2 * $this->names) {
                $part = $this->smallest($part);
            }
        }
        closedir($handle);
        return $this->smallest($part);
    }

    /**
     * @param array<string, true> $part
     * @return array<string, true>
     */
    private function smallest(array $part): array
    {
        ksort($part, SORT_STRING);
        return array_slice($part, 0, $this->names, true);
    }

    /** Never a text that PHP would turn into an integer key. */
    private function orderKey(string $name): string
    {
        if ($this->root->isNewestFirst() && preg_match('/^[0-9]{1,4}$/D', $name)) {
            return 'z' . sprintf('%05d', 99999 - (int) $name) . $name;
        }
        return 'a' . $name;
    }

    private static function nameOf(string $orderKey): string
    {
        return substr($orderKey, $orderKey[0] === 'z' ? strlen('z00000') : strlen('a'));
    }

    private static function join(string $folder, string $name): string
    {
        return $folder === '' ? $name : $folder . '/' . $name;
    }
}

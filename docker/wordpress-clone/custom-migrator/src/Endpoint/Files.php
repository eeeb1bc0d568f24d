<?php

declare(strict_types=1);

namespace CustomMigrator\Endpoint;

use CustomMigrator\Budget;
use CustomMigrator\ExportError;
use CustomMigrator\Files\Classifier;
use CustomMigrator\Files\Entry;
use CustomMigrator\Files\FileReader;
use CustomMigrator\Files\Part;
use CustomMigrator\Files\Records;
use CustomMigrator\Files\Root;
use CustomMigrator\Files\Skip;
use CustomMigrator\Files\Walker;
use CustomMigrator\Params;
use CustomMigrator\Site;
use CustomMigrator\Wire\Answer;
use CustomMigrator\Wire\Digest;
use CustomMigrator\Wire\Encoding;

/** Streams the files of a root, or their hashes: docs/protocol.md, section 7. */
final class Files
{
    /** @var Site */
    private $site;
    /** @var Root */
    private $root;
    /** @var bool */
    private $hashes = false;
    /** @var Answer */
    private $answer;
    /** @var Records */
    private $records;
    /** @var Budget */
    private $budget;
    /** @var array{files: int, bytes: int, skipped: int} */
    private $counts = ['files' => 0, 'bytes' => 0, 'skipped' => 0];
    /** @var array<string, mixed>|null */
    private $position;

    public function __construct(Site $site)
    {
        $this->site = $site;
    }

    /** @return array<string, mixed> the end of the answer */
    public function run(Params $params, Answer $answer, Budget $budget): array
    {
        $this->root = $this->site->roots()->root($params->text('root'));
        $this->hashes = self::mode($params) === 'hashes';
        $this->answer = $answer;
        $this->records = new Records($answer);
        $this->budget = $budget;
        $this->position = self::position($params->cursor());
        $complete = $this->resumeFile();
        if ($complete) {
            $this->position = isset($this->position) ? ['p' => $this->position['p']] : null;
            $complete = $this->send($this->entries($params), Part::of($params));
        }
        $this->records->flush();
        return ['complete' => $complete] + $this->state($complete);
    }

    private static function mode(Params $params): string
    {
        $mode = $params->text('mode', 'content');
        if ($mode !== 'content' && $mode !== 'hashes') {
            throw new ExportError('bad_request', 'mode must be content or hashes');
        }
        return $mode;
    }

    /**
     * @param array<string, mixed>|null $cursor
     * @return array<string, mixed>|null
     */
    private static function position(?array $cursor): ?array
    {
        if ($cursor === null) {
            return null;
        }
        $path = is_string($cursor['p'] ?? null) ? base64_decode($cursor['p'], true) : false;
        $numbers = array_intersect_key($cursor, ['o' => true, 's' => true, 'm' => true]);
        if ($path === false || !Classifier::isSafe($path) || array_filter($numbers, 'is_int') !== $numbers) {
            throw new ExportError('bad_request', 'cursor is not one that this source has given');
        }
        return ['p' => $path] + $numbers;
    }

    /** @return iterable<Entry> what comes after the position */
    private function entries(Params $params): iterable
    {
        $classifier = new Classifier($this->root, new Skip($this->root, $params->texts('exclude')));
        $after = $this->position['p'] ?? null;
        return $params->has('paths')
            ? self::named($classifier, array_values(array_unique($params->texts('paths'))), $after)
            : (new Walker($this->root, $classifier))->entries($after);
    }

    /**
     * @param list<string> $paths
     * @return \Generator<int, Entry>
     */
    private static function named(Classifier $classifier, array $paths, ?string $after): \Generator
    {
        $done = $after === null ? false : array_search($after, $paths, true);
        foreach (array_slice($paths, $done === false ? 0 : $done + 1) as $path) {
            if (!Classifier::isSafe($path)) {
                throw new ExportError('bad_request', 'paths must be relative, without "." and ".."');
            }
            yield $classifier->resolve($path) ?? new Entry(Entry::SKIPPED, $path, 'missing');
        }
    }

    /** @return bool whether the file that the cursor stands in is done */
    private function resumeFile(): bool
    {
        if (!isset($this->position['o'])) {
            return true;
        }
        $path = $this->position['p'];
        $entry = (new Classifier($this->root, new Skip($this->root)))->resolve($path);
        if ($entry === null || $entry->type !== Entry::FILE) {
            $this->skip($entry !== null && $entry->type === Entry::SKIPPED ? $entry : new Entry('s', $path, 'missing'));
            return true;
        }
        return $this->file($path, $this->position);
    }

    /**
     * @param iterable<Entry> $entries
     * @return bool whether all of the part were sent
     */
    private function send(iterable $entries, Part $part): bool
    {
        $begun = false;
        foreach ($entries as $entry) {
            if ($begun && $this->budget->isSpent($this->records->bytes())) {
                return false;
            }
            $begun = true;
            if (!$part->holds($entry->path)) {
                $this->position = ['p' => $entry->path];
                $this->answer->keepAlive();
                continue;
            }
            if (!$this->entry($entry)) {
                return false;
            }
            $this->position = ['p' => $entry->path];
            $this->checkpoint();
        }
        return true;
    }

    /** @return bool whether it was sent whole */
    private function entry(Entry $entry): bool
    {
        switch ($entry->type) {
            case Entry::DIRECTORY:
                $this->records->add('d', $entry->path, self::modeOf(@stat($this->root->absolute($entry->path)) ?: []));
                return true;
            case Entry::LINK:
                $this->records->add('l', $entry->path, $entry->detail);
                return true;
            case Entry::FILE:
                return $this->hashes ? $this->hash($entry) : $this->file($entry->path, []);
        }
        $this->skip($entry);
        return true;
    }

    private function skip(Entry $entry): void
    {
        $this->counts['skipped']++;
        $this->records->add('s', $entry->path, $entry->detail);
    }

    private function hash(Entry $entry): bool
    {
        $absolute = $this->root->absolute($entry->path);
        $stat = @stat($absolute);
        $digest = $stat === false ? null : Digest::ofFile($absolute, $stat['size']);
        if ($stat === false || $digest === null) {
            $this->skip(new Entry(Entry::SKIPPED, $entry->path, 'unreadable'));
            return true;
        }
        $this->counts['files']++;
        $this->counts['bytes'] += $stat['size'];
        $mtime = max(0, $stat['mtime']);
        $this->records->add('h', $entry->path, self::modeOf($stat), $stat['size'], $mtime, $digest);
        $this->answer->keepAlive();
        return true;
    }

    /**
     * @param array<string, mixed> $from a position within the file, or empty
     * @return bool whether it was sent whole
     */
    private function file(string $path, array $from): bool
    {
        $file = FileReader::open($this->root->absolute($path));
        if ($file === null) {
            $this->skip(new Entry(Entry::SKIPPED, $path, 'unreadable'));
            return true;
        }
        // Bytes of two versions of a file must never meet.
        $same = [$from['s'] ?? null, $from['m'] ?? null] === [$file->size, $file->mtime];
        $offset = $same && $file->seek((int) $from['o']) ? (int) $from['o'] : 0;
        $this->records->add('f', $path, $file->mode, $file->size, max(0, $file->mtime), $offset);
        $status = $this->bytes($path, $file, $offset);
        $this->records->add('z', $status, $file->position());
        $this->counts['files'] += $status === FileReader::CONTINUED ? 0 : 1;
        return $status !== FileReader::CONTINUED;
    }

    private function bytes(string $path, FileReader $file, int $from): int
    {
        while (($bytes = $file->read()) !== '') {
            $this->records->add('b', $bytes);
            $this->counts['bytes'] += strlen($bytes);
            $this->position = ['p' => $path, 'o' => $file->position(), 's' => $file->size, 'm' => $file->mtime];
            if ($file->position() < $file->size && $this->budget->isSpent($this->records->bytes())) {
                return FileReader::CONTINUED;
            }
            $this->checkpoint();
        }
        return $file->status();
    }

    private function checkpoint(): void
    {
        if ($this->answer->isCheckpointDue()) {
            $this->records->flush();
            $this->answer->checkpoint($this->state(false));
        }
    }

    /** @return array<string, mixed> */
    private function state(bool $complete): array
    {
        $position = $complete || $this->position === null ? null : $this->position;
        if ($position !== null) {
            $position['p'] = base64_encode($position['p']);
        }
        return ['cursor' => $position === null ? null : Encoding::cursor($position)] + $this->counts;
    }

    /** @param array<string|int, int> $stat */
    private static function modeOf(array $stat): int
    {
        return ($stat['mode'] ?? 0755) & 07777;
    }
}

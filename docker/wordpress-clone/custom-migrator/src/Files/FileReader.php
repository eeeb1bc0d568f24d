<?php

declare(strict_types=1);

namespace CustomMigrator\Files;

/** Reads one file in pieces and notices when it changes meanwhile. */
final class FileReader
{
    public const WHOLE = 0;
    public const CONTINUED = 1;
    public const CHANGED = 2;

    private const PIECE_BYTES = 262144;

    /** @var int */
    public $size;
    /** @var int */
    public $mtime;
    /** @var int */
    public $mode;
    /** @var resource */
    private $handle;
    /** @var int */
    private $position = 0;

    /** @param resource $handle */
    private function __construct($handle)
    {
        $this->handle = $handle;
        $stat = (array) fstat($handle);
        $this->size = (int) $stat['size'];
        $this->mtime = (int) $stat['mtime'];
        $this->mode = (int) $stat['mode'] & 07777;
    }

    public static function open(string $path): ?self
    {
        $handle = @fopen($path, 'rb');
        if ($handle === false) {
            return null;
        }
        stream_set_read_buffer($handle, 0);
        return new self($handle);
    }

    public function __destruct()
    {
        fclose($this->handle);
    }

    public function seek(int $offset): bool
    {
        $done = $offset >= 0 && $offset <= $this->size && fseek($this->handle, $offset) === 0;
        $this->position = $done ? $offset : 0;
        return $done;
    }

    /** At most 256 KiB, never beyond the size at opening, so that a growing log comes to an end; "" at the end. */
    public function read(): string
    {
        $want = min(self::PIECE_BYTES, $this->size - $this->position);
        $bytes = $want > 0 ? (string) @fread($this->handle, $want) : '';
        $this->position += strlen($bytes);
        return $bytes;
    }

    public function position(): int
    {
        return $this->position;
    }

    /** @return int WHOLE or CHANGED */
    public function status(): int
    {
        clearstatcache();
        $stat = (array) fstat($this->handle);
        $same = $this->position === $this->size
            && $stat['size'] === $this->size && $stat['mtime'] === $this->mtime;
        return $same ? self::WHOLE : self::CHANGED;
    }
}

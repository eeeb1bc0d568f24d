<?php

declare(strict_types=1);

namespace CustomMigrator\Files;

use CustomMigrator\Wire\Answer;
use CustomMigrator\Wire\Encoding;

/** Writes the records of docs/protocol.md, section 7, many to a frame. */
final class Records
{
    private const FRAME_BYTES = 131072;

    /** @var Answer */
    private $answer;
    /** @var string */
    private $buffer = '';

    public function __construct(Answer $answer)
    {
        $this->answer = $answer;
    }

    /** @param string|int ...$fields texts and numbers in the order of the record */
    public function add(string $type, ...$fields): void
    {
        $this->buffer .= $type;
        foreach ($fields as $field) {
            $this->buffer .= is_int($field) ? Encoding::number($field) : Encoding::text($field);
        }
        if (strlen($this->buffer) >= self::FRAME_BYTES) {
            $this->flush();
        }
    }

    public function flush(): void
    {
        $this->answer->data($this->buffer);
        $this->buffer = '';
    }

    /** Bytes of the answer, with those that still wait here. */
    public function bytes(): int
    {
        return $this->answer->bytes() + strlen($this->buffer);
    }
}

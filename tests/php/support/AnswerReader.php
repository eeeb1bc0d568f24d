<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Support;

/** Checks and takes apart an answer, written from docs/protocol.md rather than from Wire\Answer. */
final class AnswerReader
{
    private const MAGIC_BYTES = 9;

    /** @var list<array<string, mixed>> */
    public $documents = [];
    /** @var list<string> */
    public $data = [];
    /** @var list<array<string, mixed>> */
    public $checkpoints = [];
    /** @var array<string, mixed>|null */
    public $end;
    /** @var bool all MACs so far were right */
    public $genuine = true;
    /** @var list<string> data frames that a checkpoint or the end confirms */
    public $confirmed = [];

    public function __construct(string $bytes, string $jobKey, string $nonce, string $endpoint)
    {
        $at = self::MAGIC_BYTES;
        $chain = "custom-migrator-answer-v1\n$nonce\n$endpoint\n";
        while ($this->end === null && $at + 5 <= strlen($bytes)) {
            $type = $bytes[$at];
            $length = unpack('N', $bytes, $at + 1)[1];
            if ($at + 5 + $length > strlen($bytes)) {
                return;
            }
            $payload = substr($bytes, $at + 5, $length);
            $signed = $type === 'C' || $type === 'E' ? substr($payload, 32) : $payload;
            $chain .= hash('sha256', $type . $signed, true);
            if ($signed !== $payload && hash_hmac('sha256', $chain, $jobKey, true) !== substr($payload, 0, 32)) {
                $this->genuine = false;
                return;
            }
            $this->take($type, $signed);
            $at += 5 + $length;
        }
    }

    private function take(string $type, string $payload): void
    {
        if ($type === 'J') {
            $this->documents[] = json_decode($payload, true);
        } elseif ($type === 'D') {
            $this->data[] = $payload;
        } elseif ($type === 'C' || $type === 'E') {
            $this->confirmed = $this->data;
            $value = json_decode($payload, true);
            $type === 'C' ? $this->checkpoints[] = $value : $this->end = $value;
        }
    }

    /**
     * @param list<string> $data D frames of `rows`
     * @return list<list<string|null|array{length: int, token: string}>>
     */
    public static function rows(array $data, int $columns): array
    {
        $rows = [];
        foreach ($data as $frame) {
            for ($at = 0; $at < strlen($frame);) {
                $row = [];
                for ($i = 0; $i < $columns; $i++) {
                    $row[] = self::cell($frame, $at);
                }
                $rows[] = $row;
            }
        }
        return $rows;
    }

    /**
     * @param list<string> $data D frames of `files`
     * @return list<list<string|int>> type and fields
     */
    public static function records(array $data): array
    {
        $forms = ['d' => 'tn', 'f' => 'tnnnn', 'b' => 't', 'z' => 'nn', 'l' => 'tt', 's' => 'tt', 'h' => 'tnnnt'];
        $records = [];
        foreach ($data as $frame) {
            for ($at = 0; $at < strlen($frame);) {
                $record = [$frame[$at++]];
                foreach (str_split($forms[$record[0]]) as $form) {
                    $number = self::number($frame, $at);
                    $record[] = $form === 't' ? self::bytes($frame, $at, $number) : $number;
                }
                $records[] = $record;
            }
        }
        return $records;
    }

    /** @return string|null|array{length: int, token: string} */
    private static function cell(string $frame, int &$at)
    {
        $size = self::number($frame, $at);
        if ($size === 1) {
            $length = self::number($frame, $at);
            return ['length' => $length, 'token' => self::bytes($frame, $at, self::number($frame, $at))];
        }
        return $size === 0 ? null : self::bytes($frame, $at, $size - 2);
    }

    private static function number(string $frame, int &$at): int
    {
        $value = $shift = 0;
        do {
            $byte = ord($frame[$at++]);
            $value |= ($byte & 0x7f) << $shift;
            $shift += 7;
        } while ($byte > 0x7f);
        return $value;
    }

    private static function bytes(string $frame, int &$at, int $length): string
    {
        $at += $length;
        return substr($frame, $at - $length, $length);
    }
}

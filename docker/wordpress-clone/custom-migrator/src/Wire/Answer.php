<?php

declare(strict_types=1);

namespace CustomMigrator\Wire;

/**
 * One answer as a stream of frames with a running MAC: docs/protocol.md, section 3.
 *
 * The sink gets every frame as soon as it is complete; nothing is kept.
 */
final class Answer
{
    public const MAGIC = "\x89CMA1\r\n\x1a\n";
    public const MAX_FRAME_BYTES = 4194304;

    private const CHECKPOINT_BYTES = 1048576;
    private const CHECKPOINT_SECONDS = 1.0;

    /** @var \HashContext */
    private $mac;
    /** @var callable(string): void */
    private $sink;
    /** @var int */
    private $frames = 0;
    /** @var int */
    private $bytes = 0;
    /** @var int */
    private $checkedBytes = 0;
    /** @var float */
    private $checkedAt;
    /** @var float */
    private $sentAt;

    /** @param callable(string): void $sink */
    public function __construct(string $jobKey, string $nonce, string $endpoint, callable $sink)
    {
        $this->mac = hash_init('sha256', HASH_HMAC, $jobKey);
        hash_update($this->mac, "custom-migrator-answer-v1\n$nonce\n$endpoint\n");
        $this->sink = $sink;
        $this->checkedAt = $this->sentAt = microtime(true);
        ($this->sink)(self::MAGIC);
    }

    /** @param array<string, mixed> $value */
    public function json(array $value): void
    {
        $this->frame('J', self::encode($value));
    }

    /** @param string $records whole records only */
    public function data(string $records): void
    {
        if ($records !== '') {
            $this->frame('D', $records);
        }
    }

    /** To be called in loops that may find nothing to send for a while. */
    public function keepAlive(): void
    {
        if (microtime(true) - $this->sentAt >= 1.0) {
            $this->chain('K');
            $this->send('K', '');
        }
    }

    /** Whether enough was sent since the last checkpoint for another one. */
    public function isCheckpointDue(): bool
    {
        return $this->bytes - $this->checkedBytes >= self::CHECKPOINT_BYTES
            || ($this->bytes > $this->checkedBytes
                && microtime(true) - $this->checkedAt >= self::CHECKPOINT_SECONDS);
    }

    /** @param array<string, mixed> $value "cursor" and counts; all data up to it must have been sent */
    public function checkpoint(array $value): void
    {
        $this->confirm('C', $value);
        $this->checkedBytes = $this->bytes;
        $this->checkedAt = microtime(true);
    }

    /** @param array<string, mixed> $value */
    public function end(array $value): void
    {
        $this->confirm('E', $value + [
            'frames' => $this->frames,
            'payload_bytes' => $this->bytes,
            'time' => time(),
        ]);
    }

    /** Bytes of J and D frames so far. */
    public function bytes(): int
    {
        return $this->bytes;
    }

    private function frame(string $type, string $payload): void
    {
        if (strlen($payload) > self::MAX_FRAME_BYTES) { // before the MAC has it: the end must still be believed
            throw new \LengthException('frame of ' . strlen($payload) . ' bytes');
        }
        $this->chain($type . $payload);
        $this->frames++;
        $this->bytes += strlen($payload);
        $this->send($type, $payload);
    }

    /** @param array<string, mixed> $value */
    private function confirm(string $type, array $value): void
    {
        $json = self::encode($value);
        $this->chain($type . $json);
        $this->send($type, hash_final(hash_copy($this->mac), true) . $json);
    }

    private function chain(string $bytes): void
    {
        hash_update($this->mac, Digest::of($bytes));
    }

    private function send(string $type, string $payload): void
    {
        $this->sentAt = microtime(true);
        ($this->sink)($type . pack('N', strlen($payload)) . $payload);
    }

    /** @param array<string, mixed> $value */
    private static function encode(array $value): string
    {
        $flags = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE;
        return (string) json_encode((object) $value, $flags);
    }
}

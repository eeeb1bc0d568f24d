<?php

declare(strict_types=1);

namespace CustomMigrator\Auth;

/** The one import a request belongs to: a clone, a generation of its pod, and an end. */
final class Job
{
    private const PATTERN = '/^([a-z0-9-]{1,63})\.([0-9]{1,18})\.([0-9]{1,12})$/D';

    /** @var string */
    private $cloneId;
    /** @var string */
    private $generation;
    /** @var string */
    private $expiresAt;
    /** @var string */
    private $key = '';

    private function __construct(string $cloneId, string $generation, string $expiresAt)
    {
        $this->cloneId = $cloneId;
        $this->generation = $generation;
        $this->expiresAt = $expiresAt;
    }

    /** @throws Refused */
    public static function parse(string $header): self
    {
        if (!preg_match(self::PATTERN, $header, $match)) {
            throw new Refused('malformed job', Refused::NOBODY);
        }
        return new self($match[1], $match[2], $match[3]);
    }

    public function withKeyOf(string $keyId, string $secret): self
    {
        $job = clone $this;
        $job->key = Signature::jobKey($secret, $keyId, $this->cloneId, $this->generation, $this->expiresAt);
        return $job;
    }

    public function cloneId(): string
    {
        return $this->cloneId;
    }

    public function generation(): string
    {
        return $this->generation;
    }

    public function expiresAt(): int
    {
        return (int) $this->expiresAt;
    }

    /** @return string 32 raw bytes */
    public function key(): string
    {
        return $this->key;
    }
}

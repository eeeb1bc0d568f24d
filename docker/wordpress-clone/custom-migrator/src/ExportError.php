<?php

declare(strict_types=1);

namespace CustomMigrator;

/** An error that the (authenticated) client is told in the end frame: a code of docs/protocol.md and a text. */
final class ExportError extends \RuntimeException
{
    /** @var string */
    private $errorCode;

    public function __construct(string $errorCode, string $message)
    {
        parent::__construct($message);
        $this->errorCode = $errorCode;
    }

    public function errorCode(): string
    {
        return $this->errorCode;
    }
}

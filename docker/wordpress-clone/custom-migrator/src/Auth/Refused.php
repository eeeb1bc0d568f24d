<?php

declare(strict_types=1);

namespace CustomMigrator\Auth;

/** A request that must look like an unknown page. The message is for the log of the source only. */
final class Refused extends \RuntimeException
{
    /** What is wrong with a request of our clients; the log tells it. */
    public const OF_A_KEY = 1;

    /** A key that this site does not have; anybody can make one up. */
    public const UNKNOWN_KEY = 2;

    /** Nothing that a client of ours would send, or nobody has a key: not worth a query. */
    public const NOBODY = 3;

    public function __construct(string $reason, int $kind = self::OF_A_KEY)
    {
        parent::__construct($reason, $kind);
    }
}

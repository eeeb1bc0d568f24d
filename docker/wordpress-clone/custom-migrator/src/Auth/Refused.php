<?php

declare(strict_types=1);

namespace CustomMigrator\Auth;

/** A request that must look like an unknown page. The message is for the log of the source only. */
final class Refused extends \RuntimeException
{
}

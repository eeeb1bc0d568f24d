<?php

declare(strict_types=1);

namespace CustomMigrator\Database;

final class DatabaseError extends \RuntimeException
{
}

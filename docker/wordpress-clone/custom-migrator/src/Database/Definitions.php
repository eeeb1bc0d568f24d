<?php

declare(strict_types=1);

namespace CustomMigrator\Database;

/** The server's definitions, without whom they belong to: the clone has no such account. */
final class Definitions
{
    private const ACCOUNT = "(?:`(?:[^`]|``)*`|'(?:[^']|'')*'|[^\\s@`']+)";

    public static function withoutDefiner(string $create): string
    {
        if (!preg_match('/^CREATE\s+(?!TABLE)/i', $create)) {
            return $create;
        }
        $begin = '/^(CREATE\s+(?:ALGORITHM\s*=\s*\w+\s+)?)';
        $patterns = [
            '/^(CREATE\s+)ALGORITHM\s*=\s*UNDEFINED\s+/i',
            $begin . 'DEFINER\s*=\s*' . self::ACCOUNT . '(?:@' . self::ACCOUNT . ')?\s+/i',
            $begin . 'SQL\s+SECURITY\s+\w+\s+/i',
        ];
        return (string) preg_replace($patterns, '$1', $create, 1);
    }
}

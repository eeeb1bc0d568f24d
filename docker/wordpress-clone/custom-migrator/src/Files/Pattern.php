<?php

declare(strict_types=1);

namespace CustomMigrator\Files;

/**
 * A shell pattern with "*" (also across "/"), "?" and "[a-z]", on bytes.
 *
 * By a regular expression, because some hosts disable fnmatch(), and because its time has a limit of PHP's.
 */
final class Pattern
{
    private const PARTS = '/\*+|\?|\[[!^]?\]?[^\]]*\]|[^*?\[]+|\[/s';

    /** @var string */
    private $expression;

    public function __construct(string $pattern)
    {
        preg_match_all(self::PARTS, $pattern, $parts);
        $this->expression = '#^' . implode('', array_map([self::class, 'translate'], $parts[0])) . '$#Ds';
    }

    public function matches(string $path): bool
    {
        return @preg_match($this->expression, $path) === 1; // a range such as "z-a" matches nothing
    }

    private static function translate(string $part): string
    {
        if ($part[0] === '*') {
            return '.*';
        }
        if ($part === '?') {
            return '.';
        }
        if ($part[0] !== '[' || $part === '[' || $part === '[]') {
            return preg_quote($part, '#');
        }
        $set = substr($part, 1, -1);
        $not = $set[0] === '!' || $set[0] === '^' ? '^' : '';
        return '[' . $not . addcslashes($not === '' ? $set : substr($set, 1), '\\[]^#') . ']';
    }
}

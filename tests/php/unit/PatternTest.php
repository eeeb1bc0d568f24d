<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Unit;

use CustomMigrator\Files\Pattern;
use PHPUnit\Framework\TestCase;

final class PatternTest extends TestCase
{
    /** @dataProvider patterns */
    public function testLikeAShell(string $pattern, array $matching, array $others): void
    {
        $tried = new Pattern($pattern);
        self::assertSame($matching, array_values(array_filter(array_merge($matching, $others), [$tried, 'matches'])));
    }

    /** @return list<array{string, list<string>, list<string>}> */
    public function patterns(): array
    {
        return [
            ['*.css', ['a.css', 'b/c.css', ".css"], ['a.css.map', 'acss', "a.css\n"]],
            ['cache/*', ['cache/', 'cache/a/b'], ['cache', 'a/cache/b']],
            ['a?c', ['abc', 'a/c', "a\xffc"], ['ac', 'abbc']],
            ['[a-c]x', ['ax', 'cx'], ['dx', '-x']],
            ['[!a]', ['b', '^', ']'], ['a', '']],
            ['[]x]', [']', 'x'], ['[', '[]x]']],
            ['[', ['['], ['', 'x']],
            ['[]', ['[]'], ['', ']']],
            ['[!]', [], ['!', '[!]']],
            ['[z-a]', [], ['z', 'a', '-']],
            ['a+(b).#', ['a+(b).#'], ['aab.#']],
            ['', [''], ['a']],
            ["a\0b", ["a\0b"], ['a']],
        ];
    }

    public function testAPatternMadeToTakeLongDoesNot(): void
    {
        self::assertFalse((new Pattern(str_repeat('*a', 2000) . 'b'))->matches(str_repeat('a', 4000)));
    }
}

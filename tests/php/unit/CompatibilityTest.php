<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Unit;

use CustomMigrator\Tests\Support\NewerSyntax;
use PHPUnit\Framework\TestCase;

/** The plugin runs on what customers have: PHP 7.4 and later. */
final class CompatibilityTest extends TestCase
{
    public static function setUpBeforeClass(): void
    {
        require_once 'PhpParser/autoload.php';
    }

    /** @return array<string, array{string}> */
    public function files(): array
    {
        $folder = dirname(__DIR__, 3) . '/docker/wordpress-clone/custom-migrator';
        $files = [];
        foreach (new \RecursiveIteratorIterator(new \RecursiveDirectoryIterator($folder)) as $file) {
            if ($file->getExtension() === 'php') {
                $files[substr($file->getPathname(), strlen($folder) + 1)] = [$file->getPathname()];
            }
        }
        ksort($files);
        return $files;
    }

    /** @dataProvider files */
    public function testNothingNewerThanPhp74(string $file): void
    {
        self::assertSame([], NewerSyntax::in((string) file_get_contents($file)));
    }

    /** @dataProvider newer */
    public function testNewerSyntaxWouldBeFound(string $code): void
    {
        self::assertCount(1, NewerSyntax::in('<?php ' . $code));
    }

    /** @return list<array{string}> */
    public function newer(): array
    {
        return [
            ['function f(int|string $a) {}'], ['class A { function __construct(private $a) {} }'], ['$a?->b;'],
            ['f(a: 1);'], ['str_contains($a, $b);'], ['function f(): static {}'], ['function f(mixed $a) {}'],
            ['$a = $b ?? throw new E();'], ['try {} catch (E) {}'], ['function f($a, $b,) {}'], ['$a::class;'],
            ["function f(\n    \$a,\n) {}"], ['f(...);'],
        ];
    }
}

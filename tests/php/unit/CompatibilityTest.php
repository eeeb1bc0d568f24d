<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Unit;

use CustomMigrator\Tests\Support\NewerSyntax;
use PHPUnit\Framework\TestCase;

/** The plugin runs on what customers have: PHP 7.4 and later. */
final class CompatibilityTest extends TestCase
{
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
    public function testThisPhpUnderstandsIt(string $file): void
    {
        $code = (string) file_get_contents($file);
        self::assertNotSame([], token_get_all($code, TOKEN_PARSE)); // throws where the grammar ends
        if (strpos($file, '/src/') !== false) {
            require_once $file; // what a class declares is checked when it is loaded
        }
    }

    /**
     * @group native
     * @dataProvider files
     */
    public function testNothingNewerThanPhp74(string $file): void
    {
        require_once 'PhpParser/autoload.php';
        self::assertSame([], NewerSyntax::in((string) file_get_contents($file)));
    }

    /**
     * @group native
     * @dataProvider newer
     */
    public function testNewerSyntaxWouldBeFound(string $code): void
    {
        require_once 'PhpParser/autoload.php';
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

<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Unit;

use CustomMigrator\Request;
use PHPUnit\Framework\TestCase;

final class RequestTest extends TestCase
{
    /** @param array<string, mixed> $get */
    private static function of(string $uri, array $get = [], string $method = 'POST'): ?Request
    {
        $server = ['HTTP_X_CM_SIGNATURE' => 'x', 'REQUEST_METHOD' => $method, 'REQUEST_URI' => $uri];
        return Request::fromGlobals($server + ['QUERY_STRING' => (string) parse_url($uri, PHP_URL_QUERY)], $get);
    }

    public function testAllSpellingsMeanTheSameEndpoint(): void
    {
        $rest = self::of('/blog/wp-json/custom-migrator/v1/rows');
        $plain = self::of('/?rest_route=/custom-migrator/v1/rows', ['rest_route' => '/custom-migrator/v1/rows']);
        $query = self::of('/?custom_migrator=rows', ['custom_migrator' => 'rows']);
        foreach ([$rest, $plain, $query] as $request) {
            self::assertSame(['rows', ''], [$request->endpoint(), $request->query()]);
        }
        self::assertSame([true, true, false], [$rest->isRest(), $plain->isRest(), $query->isRest()]);
    }

    public function testOtherRequestsAreNotTouched(): void
    {
        self::assertNull(self::of('/'));
        self::assertNull(self::of('/wp-json/wp/v2/posts'));
        self::assertNull(self::of('/wp-json/custom-migrator/v1/rows', [], 'GET'));
        self::assertNull(self::of('/?custom_migrator[]=rows', ['custom_migrator' => ['rows']]));
        self::assertNull(Request::fromGlobals(['REQUEST_METHOD' => 'POST', 'REQUEST_URI' => '/'], []));
    }
}

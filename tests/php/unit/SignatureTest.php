<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Unit;

use CustomMigrator\Auth\Signature;
use PHPUnit\Framework\TestCase;

/** The vectors of docs/protocol.md, section 2. */
final class SignatureTest extends TestCase
{
    private const SECRET = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8';
    private const NONCE = '000102030405060708090a0b0c0d0e0f';

    private static function jobKey(): string
    {
        return Signature::jobKey(self::SECRET, '0123456789abcdef', 'acme', '7', '1767229200');
    }

    public function testJobKey(): void
    {
        $expected = '498b4a730b737954252060e424bfd632a81ed9e298a0c9e539741ee9707fdda1';
        self::assertSame($expected, bin2hex(self::jobKey()));
    }

    public function testSignatureOfARequest(): void
    {
        $body = '{"table":"wp_posts","max_seconds":5}';
        $signature = Signature::sign(self::jobKey(), 'POST', 'rows', '', $body, '1767225600', self::NONCE);
        self::assertSame('ef27d27e026571315ae85f551d27596a58130a06776f86b28fb3ebd3ddd48aaa', $signature);
    }

    public function testSignatureOfARequestWithAQuery(): void
    {
        $query = Signature::canonicalQuery('x=1&rest_route=/custom-migrator/v1/preflight&a+b=c/d~');
        self::assertSame('a%20b=c%2Fd~&x=1', $query);
        $signature = Signature::sign(self::jobKey(), 'GET', 'preflight', $query, '', '1767225600', self::NONCE);
        self::assertSame('64f2149deda9184a39f4364e08f9b596ea7ae4dd8a58caf6ff698047c30b8285', $signature);
    }

    public function testTheParameterThatChoosesTheEndpointIsNotSigned(): void
    {
        self::assertSame('', Signature::canonicalQuery('custom_migrator=rows'));
        self::assertSame('', Signature::canonicalQuery(''));
        self::assertSame('a=&b=1&b=2', Signature::canonicalQuery('b=2&a&b=1'));
        self::assertSame('10=&9=&a=10&a=9', Signature::canonicalQuery('9&a=9&10&a=10'));
    }
}

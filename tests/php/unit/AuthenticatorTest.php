<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Unit;

use CustomMigrator\Auth\Authenticator;
use CustomMigrator\Auth\KeyStore;
use CustomMigrator\Auth\NonceStore;
use CustomMigrator\Auth\Refused;
use CustomMigrator\Auth\Signature;
use CustomMigrator\Request;
use CustomMigrator\Tests\Support\ArrayOptionRows;
use PHPUnit\Framework\TestCase;

final class AuthenticatorTest extends TestCase
{
    private const NOW = 1767225600;

    /** @var ArrayOptionRows */
    private $rows;
    /** @var KeyStore */
    private $keys;
    /** @var Authenticator */
    private $authenticator;
    /** @var string */
    private $key;

    protected function setUp(): void
    {
        $this->rows = new ArrayOptionRows();
        $this->keys = new KeyStore($this->rows);
        $this->authenticator = new Authenticator($this->keys, new NonceStore($this->rows));
        $this->key = $this->keys->create('test', self::NOW);
    }

    /** @param array<string, string> $change of the sent headers, after signing */
    private function request(array $change = [], string $job = 'acme.7.1767229200', int $time = self::NOW): Request
    {
        [, $id, $secret] = explode('_', $this->key, 3);
        $jobKey = Signature::jobKey($secret, $id, ...explode('.', $job));
        $nonce = bin2hex(random_bytes(16));
        $headers = $change + [
            'key' => $id,
            'job' => $job,
            'time' => (string) $time,
            'nonce' => $nonce,
            'signature' => Signature::sign($jobKey, 'POST', 'rows', '', '{}', (string) $time, $nonce),
        ];
        return new Request('POST', $change['endpoint'] ?? 'rows', true, '', $change['body'] ?? '{}', $headers);
    }

    private function assertRefused(string $reason, Request $request, int $now = self::NOW): void
    {
        try {
            $this->authenticator->authenticate($request, $now);
        } catch (Refused $refused) {
            self::assertSame($reason, $refused->getMessage());
            return;
        }
        self::fail('not refused: ' . $reason);
    }

    public function testARightRequestBelongsToItsJob(): void
    {
        $job = $this->authenticator->authenticate($this->request(), self::NOW);
        self::assertSame('acme', $job->cloneId());
        self::assertSame(32, strlen($job->key()));
    }

    public function testTheSameRequestIsAnsweredOnce(): void
    {
        $request = $this->request();
        $this->authenticator->authenticate($request, self::NOW);
        $this->assertRefused('replayed nonce', $request);
    }

    public function testANonceIsKeptLongerThanItsTimeIsAccepted(): void
    {
        $request = $this->request([], 'acme.7.1767229200', self::NOW + Authenticator::CLOCK_SKEW_SECONDS);
        $this->authenticator->authenticate($request, self::NOW);
        $last = self::NOW + 2 * Authenticator::CLOCK_SKEW_SECONDS;
        (new NonceStore($this->rows))->sweep($last);
        $this->assertRefused('replayed nonce', $request, $last);
        (new NonceStore($this->rows))->sweep($last + 3600);
        self::assertSame(['custom_migrator_keys'], array_keys($this->rows->values));
    }

    public function testEveryPartOfARequestIsSigned(): void
    {
        $parts = [
            'body' => '{"a":1}',
            'endpoint' => 'files',
            'nonce' => str_repeat('0', 32),
            'job' => 'other.7.1767229200',
            'time' => (string) (self::NOW + 1),
            'signature' => str_repeat('0', 64),
        ];
        foreach ($parts as $name => $value) {
            $this->assertRefused('wrong signature', $this->request([$name => $value]));
        }
    }

    public function testAWrongSignatureLeavesNoNonce(): void
    {
        $this->assertRefused('wrong signature', $this->request(['signature' => str_repeat('0', 64)]));
        self::assertSame(['custom_migrator_keys'], array_keys($this->rows->values));
    }

    public function testTimesAreChecked(): void
    {
        $this->assertRefused('job expired', $this->request([], 'acme.7.' . self::NOW));
        $this->assertRefused('job too long', $this->request([], 'acme.7.' . (self::NOW + 8 * 86400)));
        $this->assertRefused('clock skew', $this->request([], 'acme.7.1767229200', self::NOW - 301));
        $this->assertRefused('clock skew', $this->request([], 'acme.7.1767229200', self::NOW + 301));
    }

    public function testKeysEnd(): void
    {
        $id = explode('_', $this->key)[1];
        $this->assertRefused('unknown key', $this->request(['key' => '0000000000000000']));
        $this->keys->expire($id, self::NOW);
        $this->assertRefused('expired key', $this->request());
        $this->keys->create('another', self::NOW);
        $this->keys->revoke($id, self::NOW);
        $this->assertRefused('revoked key', $this->request());
        self::assertStringNotContainsString(explode('_', $this->key, 3)[2], implode($this->rows->values));
    }

    public function testWithoutAKeyARequestCostsNoQuery(): void
    {
        $request = $this->request();
        $this->keys->revoke(explode('_', $this->key)[1], self::NOW);
        $this->rows->reads = 0;
        $this->assertRefused('no key', $request);
        self::assertSame(0, $this->rows->reads);
        $this->key = $this->keys->create('another', self::NOW);
        $this->authenticator->authenticate($this->request(), self::NOW);
    }

    public function testWhatIsMalformedCostsNoQuery(): void
    {
        $this->rows->reads = 0;
        foreach ($this->malformed() as [$name, $value]) {
            $this->assertRefused('malformed ' . $name, $this->request([$name => $value]));
        }
        self::assertSame(0, $this->rows->reads);
    }

    public function testARotatedKeyMayLiveOnForAWhile(): void
    {
        $id = explode('_', $this->key)[1];
        $this->keys->expire($id, 4102444800);
        $old = $this->request();
        $this->key = $this->keys->rotate($id, time(), 600);
        $this->authenticator->authenticate($old, self::NOW);
        $this->authenticator->authenticate($this->request(), self::NOW);
        $again = explode('_', $this->key)[1];
        $this->keys->rotate($again, time());
        $this->assertRefused('revoked key', $this->request());
    }

    /** @dataProvider malformed */
    public function testMalformedHeaders(string $name, string $value): void
    {
        $this->assertRefused('malformed ' . $name, $this->request([$name => $value]));
    }

    /** @return list<array{string, string}> */
    public function malformed(): array
    {
        return [
            ['key', ''], ['key', '0123456789ABCDEF'], ['key', "0123456789abcdef\n"],
            ['time', '-1'], ['time', '1e9'], ['nonce', 'abc'], ['signature', 'abc'],
            ['job', ''], ['job', 'a.b.7.1767229200'], ['job', 'Acme.7.1767229200'], ['job', 'acme.x.1767229200'],
        ];
    }
}

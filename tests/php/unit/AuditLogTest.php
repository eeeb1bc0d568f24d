<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Unit;

use CustomMigrator\AuditLog;
use CustomMigrator\Auth\Job;
use CustomMigrator\Auth\Refused;
use CustomMigrator\Request;
use CustomMigrator\Tests\Support\ArrayOptionRows;
use PHPUnit\Framework\TestCase;

final class AuditLogTest extends TestCase
{
    /** @var ArrayOptionRows */
    private $rows;
    /** @var AuditLog */
    private $log;

    protected function setUp(): void
    {
        $this->rows = new ArrayOptionRows();
        $this->log = new AuditLog($this->rows);
    }

    private static function request(string $key = '0123456789abcdef', string $endpoint = 'rows'): Request
    {
        $headers = ['key' => $key, 'signature' => 'sig'];
        return new Request('POST', $endpoint, true, '', '{}', $headers, '192.0.2.1"><script>');
    }

    public function testTheLastHundredNewestFirst(): void
    {
        for ($at = 1; $at <= 150; $at++) {
            $this->log->refused(self::request(), new Refused('reason ' . $at), $at * 60);
        }
        $entries = $this->log->entries();
        self::assertCount(100, $entries);
        self::assertSame([150 * 60, 51 * 60], [$entries[0]['at'], $entries[99]['at']]);
    }

    public function testRefusalsDriveOutNoExport(): void
    {
        for ($at = 1; $at <= 60; $at++) {
            $this->log->exportBegun(self::request(), Job::parse("acme-$at.7.1767229200"), $at);
        }
        for ($at = 101; $at <= 400; $at++) {
            $this->log->refused(self::request(), new Refused('reason ' . $at), $at * 60);
        }
        $events = array_count_values(array_column($this->log->entries(), 'event'));
        self::assertSame(['refused' => 50, 'export' => 50], $events);
        self::assertSame([400 * 60, 60], [$this->log->entries()[0]['at'], $this->log->entries()[50]['at']]);
    }

    public function testAnExportIsOneEntryWithWhatWasTaken(): void
    {
        $job = Job::parse('acme.7.1767229200');
        $this->log->exportBegun(self::request('0123456789abcdef', 'preflight'), $job, 1);
        $this->log->exported(self::request('0123456789abcdef', 'preflight'), $job, 500, 1);
        $this->log->exportBegun(self::request(), Job::parse('other.7.1767229200'), 2);
        $this->log->exported(self::request(), $job, 1000, 3);
        $this->log->exported(self::request('0123456789abcdef', 'files'), $job, 70000, 9);
        $this->log->exported(self::request(), Job::parse('acme.8.1767229200'), 1, 10);
        [, , $entry] = $this->log->entries();
        self::assertCount(3, $this->log->entries());
        self::assertSame(['acme', '7', 1, 9, 1500, 70000], [$entry['clone_id'], $entry['generation'], $entry['at'],
            $entry['last_at'], $entry['database_bytes'], $entry['files_bytes']]);
    }

    public function testTheSameRefusalIsNotedOnceAMinute(): void
    {
        $this->log->exportBegun(self::request(), Job::parse('acme.7.1767229200'), 1);
        foreach ([2, 3, 4, 50, 62, 63, 130] as $at) {
            $this->log->refused(self::request(), new Refused('clock skew'), $at);
        }
        [$refusal, $export] = $this->log->entries();
        self::assertSame([130, 3, 'clock skew'], [$refusal['at'], $refusal['count'], $refusal['reason']]);
        self::assertSame(['export', 'acme'], [$export['event'], $export['clone_id']]);
    }

    public function testAFloodOfRefusalsWritesLittle(): void
    {
        for ($i = 0; $i < 1000; $i++) {
            $this->log->refused(self::request(), new Refused('reason ' . $i), 100);
            $this->log->refused(self::request(bin2hex(random_bytes(8))), new Refused('u', Refused::UNKNOWN_KEY), 100);
        }
        self::assertSame(10, $this->rows->writes);
        $unknown = array_column($this->log->entries(), 'key_id', 'reason')['u'];
        self::assertSame('', $unknown); // anybody can make one up
    }

    public function testWhatNobodyWithAKeySendsIsNotEvenRead(): void
    {
        $this->log->refused(self::request('<script>'), new Refused('malformed key', Refused::NOBODY), 1);
        self::assertSame([0, 0], [$this->rows->reads, $this->rows->writes]);
    }

    public function testWhatAClientSendsIsNotCopiedUnchecked(): void
    {
        $this->log->refused(self::request('<script>'), new Refused('clock skew'), 1);
        self::assertStringNotContainsString('script>', implode($this->rows->values));
        self::assertStringNotContainsString('sig', implode($this->rows->values));
        self::assertStringContainsString('192.0.2.1', implode($this->rows->values));
    }
}

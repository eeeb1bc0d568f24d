<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Unit;

use CustomMigrator\AuditLog;
use CustomMigrator\Auth\Job;
use CustomMigrator\Request;
use CustomMigrator\Tests\Support\ArrayOptionRows;
use PHPUnit\Framework\TestCase;

final class AuditLogTest extends TestCase
{
    private static function request(string $key = '0123456789abcdef'): Request
    {
        return new Request('POST', 'rows', true, '', '{}', ['key' => $key, 'signature' => 'sig'], '192.0.2.1');
    }

    public function testTheLastHundredNewestFirst(): void
    {
        $log = new AuditLog(new ArrayOptionRows());
        for ($at = 1; $at <= 150; $at++) {
            $log->refused(self::request(), 'reason ' . $at, $at);
        }
        $entries = $log->entries();
        self::assertCount(100, $entries);
        self::assertSame([150, 51], [$entries[0]['at'], $entries[99]['at']]);
    }

    public function testRefusalsDriveOutNoExport(): void
    {
        $log = new AuditLog(new ArrayOptionRows());
        for ($at = 1; $at <= 60; $at++) {
            $log->exportBegun(self::request(), Job::parse("acme-$at.7.1767229200"), $at);
        }
        for ($at = 101; $at <= 400; $at++) {
            $log->refused(self::request(), 'reason ' . $at, $at);
        }
        $events = array_count_values(array_column($log->entries(), 'event'));
        self::assertSame(['refused' => 50, 'export' => 50], $events);
        self::assertSame([400, 60], [$log->entries()[0]['at'], $log->entries()[50]['at']]);
    }

    public function testTheSameRefusalAgainOnlyCounts(): void
    {
        $log = new AuditLog(new ArrayOptionRows());
        $log->exportBegun(self::request(), Job::parse('acme.7.1767229200'), 1);
        foreach ([2, 3, 4] as $at) {
            $log->refused(self::request(), 'clock skew', $at);
        }
        [$refusal, $export] = $log->entries();
        self::assertSame([4, 3, 'clock skew'], [$refusal['at'], $refusal['count'], $refusal['reason']]);
        self::assertSame(['export', 'acme'], [$export['event'], $export['clone_id']]);
    }

    public function testWhatAClientSendsIsNotCopiedUnchecked(): void
    {
        $rows = new ArrayOptionRows();
        (new AuditLog($rows))->refused(self::request('<script>'), 'malformed key', 1);
        self::assertStringNotContainsString('script', implode($rows->values));
        self::assertStringNotContainsString('sig', implode($rows->values));
    }
}

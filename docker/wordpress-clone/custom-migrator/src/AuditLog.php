<?php

declare(strict_types=1);

namespace CustomMigrator;

use CustomMigrator\Auth\Job;
use CustomMigrator\Auth\Refused;

/** The last 100 exports, refusals and changes of keys, without secrets. */
final class AuditLog
{
    private const NAME = 'custom_migrator_log';
    private const ENTRIES = 100;

    /** Anybody can be refused: what was exported must not be driven out by it, */
    private const REFUSALS = 50;

    /** nor may it keep the database busy: the same refusal is noted once a minute, and so many of all. */
    private const REFUSALS_PER_MINUTE = 10;

    /** @var OptionRows */
    private $rows;

    public function __construct(OptionRows $rows)
    {
        $this->rows = $rows;
    }

    public function refused(Request $request, Refused $refused, int $now): void
    {
        if ($refused->getCode() === Refused::NOBODY) {
            return;
        }
        $known = $refused->getCode() === Refused::OF_A_KEY;
        // Of made-up keys only that there were some: each could be another one.
        $entry = ['event' => 'refused', 'at' => $now, 'key_id' => $known ? self::keyId($request) : '']
            + ['address' => $known ? self::address($request) : '', 'endpoint' => $known ? $request->endpoint() : '']
            + ['reason' => $refused->getMessage()];
        $this->change(static function (array $entries) use ($entry): array {
            return self::withRefusal($entries, $entry);
        });
    }

    /** Before the first answer of a job. */
    public function exportBegun(Request $request, Job $job, int $now): void
    {
        $this->exported($request, $job, 0, $now);
    }

    /** After each answer, also one that was cut. Answers of one job are one entry. */
    public function exported(Request $request, Job $job, int $bytes, int $now): void
    {
        $of = ['event' => 'export', 'key_id' => self::keyId($request), 'clone_id' => $job->cloneId(),
            'generation' => $job->generation()];
        $part = $request->endpoint() === 'files' ? 'files_bytes' : 'database_bytes';
        $begin = $of + ['at' => $now, 'address' => self::address($request), 'database_bytes' => 0, 'files_bytes' => 0];
        $this->change(static function (array $entries) use ($of, $begin, $part, $bytes, $now): array {
            $index = self::find($entries, $of);
            $entry = $index === null ? $begin : $entries[$index];
            $entry[$part] += $bytes;
            $entry['last_at'] = $now;
            $entries[$index ?? count($entries)] = $entry;
            return self::shortened(array_values($entries));
        });
    }

    /** @param array<string, string> $detail */
    public function note(string $event, int $now, array $detail): void
    {
        $this->change(static function (array $entries) use ($event, $now, $detail): array {
            $entries[] = ['event' => $event, 'at' => $now] + $detail;
            return self::shortened($entries);
        });
    }

    /** @return list<array<string, mixed>> the newest first */
    public function entries(): array
    {
        return array_reverse(array_values($this->rows->read(self::NAME)));
    }

    private static function keyId(Request $request): string
    {
        $keyId = $request->header('key');
        return preg_match('/^[0-9a-f]{16}$/D', $keyId) ? $keyId : '';
    }

    private static function address(Request $request): string
    {
        return (string) preg_replace('/[^0-9a-fA-F:.]/', '', substr($request->address(), 0, 45));
    }

    /** @param callable(list<array<string, mixed>>): list<array<string, mixed>> $change */
    private function change(callable $change): void
    {
        try {
            $this->rows->change(self::NAME, static function (array $entries) use ($change): array {
                return $change(array_values($entries));
            });
        } catch (\RuntimeException $error) {
            // A log that cannot keep up must not change what the client sees.
            Output::report($error->getMessage());
        }
    }

    /**
     * @param list<array<string, mixed>> $entries
     * @param array<string, mixed>       $entry
     * @return list<array<string, mixed>> the same ones if it is not to be noted now
     */
    private static function withRefusal(array $entries, array $entry): array
    {
        $recent = array_filter($entries, static function (array $old) use ($entry): bool {
            return $old['event'] === 'refused' && $old['at'] > $entry['at'] - 60;
        });
        $what = array_diff_key($entry, ['at' => true]);
        if (count($recent) >= self::REFUSALS_PER_MINUTE || self::find($recent, $what) !== null) {
            return $entries;
        }
        $last = count($entries) - 1;
        if (self::find($entries, $what) === $last && $last >= 0) {
            $entry['count'] = ($entries[$last]['count'] ?? 1) + 1;
            unset($entries[$last]);
        }
        $entries[] = $entry;
        return self::shortened(array_values($entries));
    }

    /**
     * @param array<int, array<string, mixed>> $entries
     * @param array<string, mixed>             $what
     * @return int|null the newest with all of that
     */
    private static function find(array $entries, array $what): ?int
    {
        $found = null;
        foreach ($entries as $index => $entry) {
            $found = array_intersect_key($entry, $what) == $what ? $index : $found;
        }
        return $found;
    }

    /**
     * @param list<array<string, mixed>> $entries
     * @return list<array<string, mixed>>
     */
    private static function shortened(array $entries): array
    {
        $refusals = array_keys(array_column($entries, 'event'), 'refused', true);
        $surplus = max(0, min(count($entries) - self::ENTRIES, count($refusals) - self::REFUSALS));
        $kept = array_diff_key($entries, array_flip(array_slice($refusals, 0, $surplus)));
        return array_slice(array_values($kept), -self::ENTRIES);
    }
}

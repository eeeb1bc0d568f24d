<?php

declare(strict_types=1);

namespace CustomMigrator;

use CustomMigrator\Auth\Job;

/** The last 100 exports and refusals, without secrets. The same refusal again only counts up. */
final class AuditLog
{
    private const NAME = 'custom_migrator_log';
    private const ENTRIES = 100;

    /** Anybody can be refused: what was exported must not be driven out by it. */
    private const REFUSALS = 50;

    /** @var OptionRows */
    private $rows;

    public function __construct(OptionRows $rows)
    {
        $this->rows = $rows;
    }

    public function refused(Request $request, string $reason, int $now): void
    {
        $this->add(self::entry($request, 'refused', $now) + ['reason' => $reason, 'endpoint' => $request->endpoint()]);
    }

    public function exportBegun(Request $request, Job $job, int $now): void
    {
        $this->add(self::entry($request, 'export', $now) + ['clone_id' => $job->cloneId()]);
    }

    /** @param array<string, string> $detail */
    public function note(string $event, int $now, array $detail): void
    {
        $this->add(['event' => $event, 'at' => $now] + $detail);
    }

    /** @return list<array<string, mixed>> the newest first */
    public function entries(): array
    {
        return array_reverse(array_values($this->rows->read(self::NAME)));
    }

    /** @return array<string, mixed> */
    private static function entry(Request $request, string $event, int $now): array
    {
        $keyId = $request->header('key');
        return [
            'event' => $event,
            'at' => $now,
            'address' => substr($request->address(), 0, 45),
            'key_id' => preg_match('/^[0-9a-f]{16}$/D', $keyId) ? $keyId : '',
        ];
    }

    /** @param array<string, mixed> $entry */
    private function add(array $entry): void
    {
        try {
            $this->rows->change(self::NAME, static function (array $entries) use ($entry): array {
                return self::with($entries, $entry);
            });
        } catch (\RuntimeException $error) {
            // A log that cannot keep up with a flood must not change what the client sees.
            Output::report($error->getMessage());
        }
    }

    /**
     * @param array<int, array<string, mixed>> $entries
     * @param array<string, mixed>             $entry
     * @return list<array<string, mixed>>
     */
    private static function with(array $entries, array $entry): array
    {
        $last = end($entries);
        if (is_array($last) && self::same($last, $entry)) {
            array_pop($entries);
            $entry['count'] = ($last['count'] ?? 1) + 1;
        }
        $entries[] = $entry;
        return self::shortened(array_values($entries));
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

    /**
     * @param array<string, mixed> $one
     * @param array<string, mixed> $other
     */
    private static function same(array $one, array $other): bool
    {
        unset($one['at'], $one['count'], $other['at']);
        return $one == $other;
    }
}

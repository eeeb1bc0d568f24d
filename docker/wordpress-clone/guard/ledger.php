<?php

/**
 * The outbound ledger: what the site tried to do to the world outside, and what became of it.
 *
 * An entry says when, what kind, to which host, by which plugin. Neither contents nor paths, queries or whole addresses
 * of people are kept; a mail's subject stays in the pod. The latest entries are kept in two files that take turns, all
 * others only as numbers, so that a plugin in a loop fills no disk. The site runs as the same user and could write what
 * it likes here: the ledger informs, the wall is the network.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard;

/** One folder's ledger. Nothing that goes wrong here may disturb the site. */
final class Ledger
{
    private const TURN_BYTES = 65536;
    private const COUNTED = 100;

    private readonly string $folder;

    public function __construct(string $folder)
    {
        $this->folder = rtrim($folder, '/');
    }

    /**
     * Keep an entry.
     *
     * @param string $kind    `http`, `mail` or `cron`.
     * @param string $host    Whom it was for; empty for cron.
     * @param string $method  GET, wp_mail, ...
     * @param string $outcome `blocked` or `allowed`.
     * @param string $subject Of a mail; shown in the clone's own dashboard only.
     */
    public function note(string $kind, string $host, string $method, string $outcome, string $subject = ''): void
    {
        $lock = is_dir($this->folder) ? @fopen("{$this->folder}/outbound.lock", 'c') : false;
        if ($lock === false || !flock($lock, LOCK_EX)) {
            return;
        }
        $entry = [
            'time' => time(),
            'kind' => $kind,
            'host' => self::plain($host, 253),
            'method' => self::plain($method, 20),
            'caller' => caller(),
            'outcome' => $outcome,
        ];
        if ($subject !== '') {
            $entry['subject'] = mb_strcut($subject, 0, 120);
        }
        $this->append((string) json_encode($entry, JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE));
        $this->count("{$kind} {$entry['host']} {$outcome}", "{$kind} * {$outcome}");
        fclose($lock);
    }

    /** @return list<array<string, mixed>> The latest entries, newest first. */
    public function latest(int $limit): array
    {
        $entries = [];
        foreach (['outbound.1.jsonl', 'outbound.jsonl'] as $name) {
            foreach (explode("\n", $this->read($name)) as $line) {
                $entry = json_decode($line, true);
                if (is_array($entry)) {
                    $entries[] = $entry;
                }
            }
        }
        return array_slice(array_reverse($entries), 0, $limit);
    }

    /** @return array<string, int> How often, by `kind host outcome`; `*` for the hosts beyond the first hundred. */
    public function counts(): array
    {
        $counts = json_decode($this->read('outbound.counts.json'), true);
        return is_array($counts) ? array_filter($counts, 'is_int') : [];
    }

    private function append(string $line): void
    {
        $file = "{$this->folder}/outbound.jsonl";
        clearstatcache(true, $file);
        if (is_file($file) && (int) @filesize($file) + strlen($line) >= self::TURN_BYTES) {
            @rename($file, "{$this->folder}/outbound.1.jsonl");
        }
        @file_put_contents($file, $line . "\n", FILE_APPEND);
    }

    private function count(string $key, string $beyond): void
    {
        $counts = $this->counts();
        $key = isset($counts[$key]) || count($counts) < self::COUNTED ? $key : $beyond;
        $counts[$key] = ($counts[$key] ?? 0) + 1;
        $file = "{$this->folder}/outbound.counts.json";
        if (@file_put_contents("{$file}.new", (string) json_encode($counts, JSON_UNESCAPED_SLASHES)) !== false) {
            @rename("{$file}.new", $file);
        }
    }

    private function read(string $name): string
    {
        $file = "{$this->folder}/{$name}";
        return is_file($file) ? (string) @file_get_contents($file, false, null, 0, 2 * self::TURN_BYTES) : '';
    }

    /** What may stand in a host name or a method; anything else was made up. */
    private static function plain(string $text, int $length): string
    {
        return substr((string) preg_replace('/[^A-Za-z0-9._:()\[\]-]/', '?', $text), 0, $length);
    }
}

/** The ledger of the present lease. */
function ledger(): Ledger
{
    static $ledger = null;
    return $ledger ??= new Ledger(LEASE);
}

/** Which plugin or theme is at work, from the innermost call that lies in one: `plugins/shop`; `core` if none does. */
function caller(): string
{
    foreach (debug_backtrace(DEBUG_BACKTRACE_IGNORE_ARGS, 60) as $call) {
        $found = preg_match('#/(plugins|mu-plugins|themes)/([A-Za-z0-9._-]{1,80})#', $call['file'] ?? '', $part);
        if ($found === 1) {
            return "{$part[1]}/{$part[2]}";
        }
    }
    return 'core';
}

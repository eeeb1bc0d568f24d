<?php

declare(strict_types=1);

namespace CustomMigrator\Database;

/**
 * A connection of our own: rows must stream unbuffered and in the stored bytes, which would disturb WordPress's.
 *
 * The session reads only: no SQL mode that could refuse old data, times in UTC, no limit on statement time.
 */
final class Connection
{
    /** @var \mysqli */
    private $link;
    /** @var int|null */
    private $maxPacketBytes;

    private function __construct(\mysqli $link)
    {
        $this->link = $link;
    }

    /** @param array<string, mixed> $settings as Site::database() */
    public static function open(array $settings): self
    {
        if (!function_exists('mysqli_init')) {
            throw new DatabaseError('the site has no mysqli: it is not on MySQL or MariaDB');
        }
        mysqli_report(MYSQLI_REPORT_OFF);
        [$host, $port, $socket] = Host::parse($settings['host']);
        $link = mysqli_init();
        if ($link === false) {
            throw new DatabaseError('mysqli cannot be used');
        }
        $link->options(MYSQLI_OPT_CONNECT_TIMEOUT, 5);
        if (!empty($settings['ssl_ca'])) {
            $link->ssl_set('', '', $settings['ssl_ca'], '', '');
        }
        $done = @$link->real_connect(
            $host, // "" is the default host
            $settings['user'],
            $settings['password'],
            $settings['name'],
            $port ?? 0,
            $socket ?? '',
            $settings['flags']
        );
        if (!$done) {
            throw new DatabaseError($link->connect_errno . ': ' . $link->connect_error);
        }
        $connection = new self($link);
        $connection->prepareSession();
        return $connection;
    }

    private function prepareSession(): void
    {
        if (!$this->link->set_charset('utf8mb4') && !$this->link->set_charset('utf8')) {
            throw new DatabaseError('the server takes neither utf8mb4 nor utf8');
        }
        $this->execute("SET SESSION sql_mode = '', time_zone = '+00:00', sql_quote_show_create = 1");
        // Not all servers have these; each keeps estimates fresh or long reads alive where it exists.
        $this->tryExecute('SET SESSION information_schema_stats_expiry = 0');
        $this->tryExecute('SET SESSION max_execution_time = 0');
        $this->tryExecute('SET SESSION max_statement_time = 0');
        $this->tryExecute('SET SESSION net_write_timeout = 120');
    }

    /** The longest row that the server sends. */
    public function maxPacketBytes(): int
    {
        if ($this->maxPacketBytes === null) {
            $this->maxPacketBytes = (int) ($this->first('SELECT @@max_allowed_packet AS bytes')['bytes'] ?? 1048576);
        }
        return $this->maxPacketBytes;
    }

    /** From here on cells arrive in their stored bytes and statements are taken as bytes. */
    public function useStoredBytes(): void
    {
        if (!$this->link->set_charset('binary')) {
            throw new DatabaseError($this->lastError());
        }
        $this->execute('SET character_set_results = NULL');
    }

    /** One view of the data for all statements that follow, where the engine can. */
    public function beginSnapshot(): void
    {
        $this->execute('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
        if (!$this->tryExecute('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY')) {
            $this->execute('START TRANSACTION WITH CONSISTENT SNAPSHOT');
        }
    }

    public function execute(string $sql): void
    {
        if ($this->link->query($sql) === false) {
            throw new DatabaseError($this->lastError());
        }
    }

    public function tryExecute(string $sql): bool
    {
        return $this->link->query($sql) !== false;
    }

    /** @return list<array<string, ?string>> all rows, for small results */
    public function all(string $sql): array
    {
        $result = $this->link->query($sql);
        if (!$result instanceof \mysqli_result) {
            throw new DatabaseError($this->lastError());
        }
        $rows = $result->fetch_all(MYSQLI_ASSOC);
        $result->free();
        return $rows;
    }

    /** @return array<string, ?string>|null the first row */
    public function first(string $sql): ?array
    {
        return $this->all($sql)[0] ?? null;
    }

    /**
     * Rows one by one as the server sends them; nothing is collected. A caller that stops early makes the
     * driver read the rest, so statements carry a LIMIT.
     *
     * @return \Generator<int, list<?string>>
     */
    public function stream(string $sql): \Generator
    {
        $result = $this->link->query($sql, MYSQLI_USE_RESULT);
        if (!$result instanceof \mysqli_result) {
            throw new DatabaseError($this->lastError());
        }
        try {
            while (is_array($row = $result->fetch_row())) {
                yield $row;
            }
            if ($this->link->errno !== 0) {
                throw new DatabaseError($this->lastError());
            }
        } finally {
            $result->free();
        }
    }

    public function quote(string $text): string
    {
        return "'" . $this->link->real_escape_string($text) . "'";
    }

    public static function name(string $identifier): string
    {
        return '`' . str_replace('`', '``', $identifier) . '`';
    }

    private function lastError(): string
    {
        return $this->link->errno . ': ' . $this->link->error;
    }
}

<?php

declare(strict_types=1);

namespace CustomMigrator\Endpoint;

use CustomMigrator\Budget;
use CustomMigrator\Database\Schema;
use CustomMigrator\Database\Table;
use CustomMigrator\Files\Count;
use CustomMigrator\Files\Part;
use CustomMigrator\Params;
use CustomMigrator\Plugin;
use CustomMigrator\Request;
use CustomMigrator\Site;
use CustomMigrator\Wire\Answer;

/** What a client must know before it begins: docs/protocol.md, section 4. */
final class Preflight
{
    /** @var Site */
    private $site;
    /** @var Schema */
    private $schema;

    public function __construct(Site $site, Schema $schema)
    {
        $this->site = $site;
        $this->schema = $schema;
    }

    /** @return array<string, mixed> the end of the answer */
    public function run(Params $params, Answer $answer): array
    {
        $facts = $this->site->facts();
        $server = $this->server();
        $facts['versions'] += ['server' => $server['kind'], 'database' => $server['version']];
        $facts += ['protocol' => Plugin::PROTOCOL, 'plugin_version' => Plugin::VERSION, 'time' => time()];
        $facts += ['paths' => array_diff_key($this->site->paths(), ['self' => true])];
        $facts += ['database' => $server['settings'], 'limits' => self::limits()] + $this->tables();
        $facts['roots'] = $this->site->roots()->describe();
        $facts['files'] = $this->files($params->int('files_seconds', 1, 0, 3));
        $answer->json($facts);
        return ['complete' => true, 'cursor' => null];
    }

    /** @return array{kind: string, version: string, settings: array<string, mixed>} */
    private function server(): array
    {
        $row = $this->schema->connection()->first(
            'SELECT VERSION() AS version, DATABASE() AS name, @@character_set_database AS charset,'
            . ' @@collation_database AS collation, @@lower_case_table_names AS lower_case_table_names,'
            . ' @@max_allowed_packet AS max_allowed_packet, @@global.sql_mode AS sql_mode'
        ) ?? [];
        $version = (string) $row['version'];
        unset($row['version']);
        $row['lower_case_table_names'] = (int) $row['lower_case_table_names'];
        $row['max_allowed_packet'] = (int) $row['max_allowed_packet'];
        return [
            'kind' => stripos($version, 'mariadb') === false ? 'mysql' : 'mariadb',
            // MariaDB says "5.5.5-10.11.6-MariaDB-..." to old clients.
            'version' => (string) preg_replace('/^5\.5\.5-(?=\d)|-.*$/', '', $version),
            'settings' => $row + ['prefix' => $this->site->prefix()],
        ];
    }

    /** @return array<string, mixed> */
    private function tables(): array
    {
        $tables = [];
        $transactional = true;
        foreach ($this->schema->list() as $entry) {
            $key = [];
            if ($entry['type'] === 'table') {
                $table = $this->schema->unlessBroken($entry['name'], function () use ($entry): Table {
                    return $this->schema->table($entry['name']);
                });
                if ($table === null) {
                    continue;
                }
                $key = $table->key;
                $transactional = $transactional && $table->status->transactional;
            }
            $tables[] = $entry + ['key' => $key];
        }
        return [
            'tables' => $tables,
            'left_out' => $this->schema->leftOut(),
            'rows_estimate' => array_sum(array_column($tables, 'rows')),
            'bytes_estimate' => array_sum(array_column($tables, 'bytes')),
            'snapshot' => ['transactional' => $transactional],
        ];
    }

    /** @return array<string, mixed> */
    private static function limits(): array
    {
        return [
            'memory_bytes' => self::bytes((string) ini_get('memory_limit')),
            // As configured: by now the limit of this request may have been raised.
            'max_execution_seconds' => (int) (function_exists('get_cfg_var')
                ? get_cfg_var('max_execution_time') : ini_get('max_execution_time')),
            'max_seconds' => Budget::MAX_SECONDS,
            'max_bytes' => Budget::MAX_BYTES,
            'max_body_bytes' => Request::MAX_BODY_BYTES,
            'max_frame_bytes' => Answer::MAX_FRAME_BYTES,
            'inline_cell_bytes' => Rows::INLINE_ROW_BYTES,
            'max_parts' => Part::MOST,
            'max_tables' => Rows::MOST_TABLES,
        ];
    }

    /** "64M" as 67108864; -1: no limit. */
    private static function bytes(string $setting): int
    {
        $units = ['k' => 1024, 'm' => 1048576, 'g' => 1073741824];
        return (int) $setting * ($units[strtolower(substr($setting, -1))] ?? 1);
    }

    /** @return array<string, mixed> */
    private function files(int $seconds): array
    {
        return Count::of($this->site->roots(), new Budget(microtime(true) + $seconds, PHP_INT_MAX));
    }
}

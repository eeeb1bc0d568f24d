<?php

/**
 * Describe every table of the site's database so that two servers can be compared: php rows.php, in a container.
 *
 * The job comes on standard input, as JSON: {"back": {"address of the clone": "address of the source"},
 * "without": {"table": "SQL condition of rows that do not count"}}. The answer:
 * {"tables": {"name": {"columns": [...], "rows": n, "digest": hex over all rows in an order of their own}},
 * "views": [...], "triggers": [...], "routines": [...], "events": [...]}
 *
 * @license Apache-2.0
 */

declare(strict_types=1);

const STORED = ['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'enum', 'set', 'binary', 'varbinary',
    'tinyblob', 'blob', 'mediumblob', 'longblob'];

mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
$job = json_decode((string) stream_get_contents(STDIN), true, 8, JSON_THROW_ON_ERROR);
$password = trim((string) file_get_contents('/etc/clone/db-password'));
$db = new mysqli('127.0.0.1', 'wordpress', $password, 'wordpress');
$db->set_charset('utf8mb4');
$db->query("SET SESSION time_zone = '+00:00', sql_mode = ''");

function names(mysqli $db, string $what, string $from): array
{
    return array_column($db->query("SELECT {$what} FROM information_schema.{$from} ORDER BY 1")->fetch_all(), 0);
}

/** What of a column is compared: its bytes as stored, or what the server prints. */
function expression(array $column): string
{
    $name = '`' . str_replace('`', '``', $column['COLUMN_NAME']) . '`';
    return match (true) {
        $column['DATA_TYPE'] === 'bit' => "{$name} + 0",
        $column['DATA_TYPE'] === 'float' => "{$name} + 0e0", // all its digits, not the six that it shows
        in_array($column['DATA_TYPE'], STORED, true) => "CAST({$name} AS BINARY)",
        default => $name,
    };
}

function table(mysqli $db, string $table, string $without, array $back): array
{
    $query = $db->prepare('SELECT COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS'
        . " WHERE TABLE_SCHEMA = 'wordpress' AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION");
    $query->execute([$table]);
    $columns = $query->get_result()->fetch_all(MYSQLI_ASSOC);
    $select = implode(', ', array_map(expression(...), $columns));
    $from = '`' . str_replace('`', '``', $table) . '`';
    $rows = $db->query("SELECT {$select} FROM {$from} WHERE NOT ({$without})", MYSQLI_USE_RESULT);
    $digests = [];
    while ($row = $rows->fetch_row()) {
        $state = hash_init('sha256');
        foreach ($row as $cell) {
            $cell = $cell === null ? null : str_replace(array_keys($back), array_values($back), (string) $cell);
            hash_update($state, $cell === null ? 'N' : strlen($cell) . ':');
            hash_update($state, $cell ?? '');
        }
        $digests[] = hash_final($state, true);
    }
    sort($digests, SORT_STRING);
    return [
        'columns' => array_column($columns, 'COLUMN_NAME'),
        'rows' => count($digests),
        'digest' => hash('sha256', implode('', $digests)),
    ];
}

// Not the sequences of MariaDB, which list themselves as tables: MySQL has none.
$tables = "TABLES WHERE TABLE_SCHEMA = 'wordpress' AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')";
$answer = [
    'tables' => [],
    'views' => names($db, 'TABLE_NAME', "TABLES WHERE TABLE_SCHEMA = 'wordpress' AND TABLE_TYPE = 'VIEW'"),
    'triggers' => names($db, 'TRIGGER_NAME', "TRIGGERS WHERE TRIGGER_SCHEMA = 'wordpress'"),
    'routines' => names($db, 'ROUTINE_NAME', "ROUTINES WHERE ROUTINE_SCHEMA = 'wordpress'"),
    'events' => names($db, 'EVENT_NAME', "EVENTS WHERE EVENT_SCHEMA = 'wordpress'"),
];
foreach (names($db, 'TABLE_NAME', $tables) as $table) {
    $answer['tables'][$table] = table($db, $table, $job['without'][$table] ?? 'FALSE', $job['back']);
}
echo json_encode($answer, JSON_THROW_ON_ERROR);

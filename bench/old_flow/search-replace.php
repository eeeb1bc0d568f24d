<?php

/**
 * Runs in the clone: replace the site's address in every column of every table, as wp-cli's
 * `search-replace --precise` does.
 *
 * Each column is asked for the keys of rows that hold the address; each such cell is read, unserialized as deep as it
 * goes, replaced, serialized again and written back, one row after the other.
 *
 * Usage: php search-replace.php FROM TO; prints the number of changed cells.
 */

declare(strict_types=1);

/** @param array<string, string> $pairs */
function replaced(mixed $value, array $pairs): mixed
{
    if (is_string($value)) {
        $inner = is_serialized($value) ? @unserialize($value) : false;
        return $inner === false ? strtr($value, $pairs) : serialize(replaced($inner, $pairs));
    }
    if (is_array($value)) {
        $new = [];
        foreach ($value as $key => $item) {
            $new[is_string($key) ? strtr($key, $pairs) : $key] = replaced($item, $pairs);
        }
        return $new;
    }
    if (is_object($value)) {
        foreach (get_object_vars($value) as $name => $item) {
            $value->$name = replaced($item, $pairs);
        }
    }
    return $value;
}

/** The look that WordPress takes before it unserializes. */
function is_serialized(string $text): bool
{
    return preg_match('/^(?:[aOsbid]:[-+0-9.]|N;)/', $text) === 1 && preg_match('/[;}]$/D', rtrim($text)) === 1;
}

/** @param array<string, string> $pairs */
function replace_column(mysqli $db, string $table, array $keys, string $column, array $pairs): int
{
    $likes = array_map(
        static fn (string $from): string => "`{$column}` LIKE BINARY '%"
            . $db->real_escape_string(addcslashes($from, '_%\\')) . "%'",
        array_keys($pairs)
    );
    $names = implode(',', array_map(static fn (string $key): string => "`{$key}`", $keys));
    $rows = $db->query("SELECT {$names} FROM `{$table}` WHERE " . implode(' OR ', $likes))->fetch_all(MYSQLI_ASSOC);
    $changed = 0;
    foreach ($rows as $row) {
        $where = [];
        foreach ($row as $key => $value) {
            $where[] = "`{$key}` = '" . $db->real_escape_string((string) $value) . "'";
        }
        $where = implode(' AND ', $where);
        $old = $db->query("SELECT `{$column}` FROM `{$table}` WHERE {$where}")->fetch_row()[0];
        $new = replaced($old, $pairs);
        if ($new !== $old) {
            $db->query("UPDATE `{$table}` SET `{$column}` = '" . $db->real_escape_string($new) . "' WHERE {$where}");
            $changed++;
        }
    }
    return $changed;
}

mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
[, $from, $to] = $argv;
$slashes = static fn (string $url): string => str_replace('/', '\\/', $url);
$pairs = [$from => $to, $slashes($from) => $slashes($to)];
$db = new mysqli('127.0.0.1', 'wordpress', trim((string) file_get_contents('/etc/clone/db-password')), 'wordpress');
$db->set_charset('utf8mb4');
$db->query("SET sql_mode = ''");
$changed = 0;
foreach (array_column($db->query('SHOW TABLES')->fetch_all(), 0) as $table) {
    $columns = $db->query("SHOW COLUMNS FROM `{$table}`")->fetch_all(MYSQLI_ASSOC);
    $keys = array_column(array_filter($columns, static fn (array $c): bool => $c['Key'] === 'PRI'), 'Field');
    foreach ($columns as $column) {
        if ($keys !== [] && preg_match('/char|text/i', $column['Type']) === 1) {
            $changed += replace_column($db, $table, $keys, $column['Field'], $pairs);
        }
    }
}
echo json_encode(['cells' => $changed]), "\n";

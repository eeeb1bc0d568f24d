<?php

/**
 * Print what a clean MySQL holds beside its files: php baseline.php SOCKET > baseline.json
 *
 * Each check carries the query that found its rows, so that clone-agent asks the same question after a reset and compares.
 *
 * @license Apache-2.0
 */

declare(strict_types=1);

const CHECKS = [
    'schemas' => 'SELECT schema_name FROM information_schema.schemata ORDER BY 1',
    'accounts' => 'SELECT user, host, plugin, account_locked, password_expired, user_attributes'
        . ' FROM mysql.user ORDER BY 1, 2',
    'grants' => "SELECT 'global', grantee, '', '', privilege_type, is_grantable"
        . ' FROM information_schema.user_privileges'
        . " UNION ALL SELECT 'schema', grantee, table_schema, '', privilege_type, is_grantable"
        . ' FROM information_schema.schema_privileges'
        . " UNION ALL SELECT 'table', grantee, table_schema, table_name, privilege_type, is_grantable"
        . ' FROM information_schema.table_privileges'
        . " UNION ALL SELECT 'column', grantee, table_schema, CONCAT(table_name, '.', column_name), privilege_type,"
        . ' is_grantable FROM information_schema.column_privileges'
        . " UNION ALL SELECT 'routine', CONCAT(user, '@', host), db, CONCAT(routine_type, ' ', routine_name),"
        . " proc_priv, '' FROM mysql.procs_priv"
        . " UNION ALL SELECT 'role', CONCAT(to_user, '@', to_host), '', CONCAT(from_user, '@', from_host),"
        . " with_admin_option, '' FROM mysql.role_edges"
        . " UNION ALL SELECT 'proxy', CONCAT(user, '@', host), '', CONCAT(proxied_user, '@', proxied_host),"
        . " with_grant, '' FROM mysql.proxies_priv"
        . ' ORDER BY 1, 2, 3, 4, 5, 6',
    'routines' => 'SELECT routine_schema, routine_name, routine_type, definer, SHA2(routine_definition, 256)'
        . ' FROM information_schema.routines ORDER BY 1, 2, 3',
    'events' => 'SELECT event_schema, event_name, definer, SHA2(event_definition, 256)'
        . ' FROM information_schema.events ORDER BY 1, 2',
    'triggers' => 'SELECT trigger_schema, trigger_name, definer, SHA2(action_statement, 256)'
        . ' FROM information_schema.triggers ORDER BY 1, 2',
    'plugins' => "SELECT 'plugin', plugin_name, plugin_status, plugin_library FROM information_schema.plugins"
        . " UNION ALL SELECT 'component', component_urn, '', NULL FROM mysql.component"
        . " UNION ALL SELECT 'function', name, '', dl FROM mysql.func"
        . " UNION ALL SELECT 'server', server_name, host, NULL FROM mysql.servers"
        . ' ORDER BY 1, 2',
    'persisted' => 'SELECT variable_name, variable_value FROM performance_schema.persisted_variables ORDER BY 1',
];

mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
$server = new mysqli('localhost', 'root', '', '', 0, $argv[1]);
$server->set_charset('utf8mb4');

$baseline = [];
foreach (CHECKS as $check => $sql) {
    $rows = $server->query($sql)->fetch_all(MYSQLI_NUM);
    $asText = static fn (mixed $value): ?string => $value === null ? null : (string) $value;
    $baseline[$check] = ['sql' => $sql, 'rows' => array_map(static fn (array $row) => array_map($asText, $row), $rows)];
}
echo json_encode($baseline, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR), "\n";

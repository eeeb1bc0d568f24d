package mysqlctl

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"clonepool.dev/clone-agent/internal/report"
)

// queries ask for everything that a site with a way to more rights could leave in a server beside its own rows.
// What differs from start to start (password hashes and dates of the two accounts) is left out.
var queries = map[string]string{
	"schemas": `SELECT 'schema', schema_name, '', default_character_set_name, default_collation_name FROM information_schema.schemata
		UNION ALL SELECT table_type, table_schema, table_name, '', '' FROM information_schema.tables`,
	"accounts": `SELECT user, host, plugin, account_locked, password_expired, COALESCE(user_attributes, ''),
		IF(user IN ('root', 'wordpress'), '', authentication_string) FROM mysql.user`,
	"grants": `SELECT 'global', grantee, '', '', privilege_type, is_grantable FROM information_schema.user_privileges
		UNION ALL SELECT 'schema', grantee, table_schema, '', privilege_type, is_grantable FROM information_schema.schema_privileges
		UNION ALL SELECT 'table', grantee, table_schema, table_name, privilege_type, is_grantable FROM information_schema.table_privileges
		UNION ALL SELECT 'column', grantee, table_schema, CONCAT(table_name, '.', column_name), privilege_type, is_grantable
			FROM information_schema.column_privileges
		UNION ALL SELECT 'routine', CONCAT(user, '@', host), db, CONCAT(routine_type, ' ', routine_name), proc_priv, '' FROM mysql.procs_priv
		UNION ALL SELECT 'role', CONCAT(to_user, '@', to_host), '', CONCAT(from_user, '@', from_host), with_admin_option, '' FROM mysql.role_edges
		UNION ALL SELECT 'default role', CONCAT(user, '@', host), '', CONCAT(default_role_user, '@', default_role_host), '', '' FROM mysql.default_roles
		UNION ALL SELECT 'proxy', CONCAT(user, '@', host), '', CONCAT(proxied_user, '@', proxied_host), with_grant, '' FROM mysql.proxies_priv`,
	"routines": `SELECT routine_schema, routine_name, routine_type, definer, security_type, SHA2(routine_definition, 256) FROM information_schema.routines`,
	"events":   `SELECT event_schema, event_name, definer, status, SHA2(event_definition, 256) FROM information_schema.events`,
	"triggers": `SELECT trigger_schema, trigger_name, event_object_table, definer, SHA2(action_statement, 256) FROM information_schema.triggers`,
	"plugins": `SELECT 'plugin', plugin_name, plugin_status, COALESCE(plugin_library, '') FROM information_schema.plugins
		UNION ALL SELECT 'component', component_urn, '', '' FROM mysql.component
		UNION ALL SELECT 'function', name, '', dl FROM mysql.func
		UNION ALL SELECT 'server', server_name, host, wrapper FROM mysql.servers`,
	"durability": `SELECT variable_name, variable_value FROM performance_schema.global_status WHERE variable_name = 'Innodb_redo_log_enabled'
		UNION ALL SELECT variable_name, variable_value FROM performance_schema.global_variables
			WHERE variable_name IN ('innodb_flush_log_at_trx_commit', 'innodb_force_recovery')`,
	"persisted": `SELECT variable_name, variable_value FROM performance_schema.persisted_variables`,
}

// Baseline is what a clean server holds: for each check its rows, one text each, sorted.
type Baseline map[string][]string

// ReadBaseline asks a server.
func ReadBaseline(ctx context.Context, a Account) (Baseline, error) {
	db, err := open(a)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	b := Baseline{}
	for check, query := range queries {
		if b[check], err = rows(ctx, db, query); err != nil {
			return nil, fmt.Errorf("%s: %w", check, err)
		}
	}
	return b, nil
}

func rows(ctx context.Context, db *sql.DB, query string) ([]string, error) {
	result, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	columns, err := result.Columns()
	if err != nil {
		return nil, err
	}
	values, targets := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	all := []string{}
	for result.Next() {
		if err := result.Scan(targets...); err != nil {
			return nil, err
		}
		all = append(all, join(values))
	}
	slices.Sort(all)
	return all, result.Err()
}

// join makes one text of a row. Names are quoted, so that no name can look like two columns.
func join(values []sql.NullString) string {
	fields := make([]string, len(values))
	for i, v := range values {
		fields[i] = "NULL"
		if v.Valid {
			fields[i] = fmt.Sprintf("%q", v.String)
		}
	}
	return strings.Join(fields, " ")
}

// LoadBaseline reads the file that the image's build wrote. A check that this agent makes and the file lacks is an error.
func LoadBaseline(path string) (Baseline, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var b Baseline
	if err := json.Unmarshal(text, &b); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for check := range queries {
		if _, ok := b[check]; !ok {
			return nil, fmt.Errorf("%s has no %s: it was written by another clone-agent than this", path, check)
		}
	}
	return b, nil
}

// Compare makes a check of each kind of object.
func (b Baseline) Compare(now Baseline) map[string]report.Check {
	checks := map[string]report.Check{}
	for check := range queries {
		findings := append(without(now[check], b[check], "extra "), without(b[check], now[check], "missing ")...)
		checks[check] = report.Of(len(now[check]), findings...)
	}
	return checks
}

// without lists what is in a and not in b.
func without(a, b []string, prefix string) (only []string) {
	for _, row := range a {
		if _, found := slices.BinarySearch(b, row); !found {
			only = append(only, prefix+row)
		}
	}
	return only
}

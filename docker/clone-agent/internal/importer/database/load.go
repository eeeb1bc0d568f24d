package database

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/go-sql-driver/mysql"

	"clonepool.dev/clone-agent/internal/importer/rows"
	"clonepool.dev/clone-agent/internal/importer/source"
)

// Loaded is what became of a table's rows.
type Loaded struct {
	Rows     int64 // rows that are in the clone's table
	Warnings int64 // values that MySQL changed, or rows that it refused
}

// loads numbers the readers, whose names are global in the driver.
var loads atomic.Int64

// Load feeds the text that rows.Encoder writes into a table by one LOAD DATA statement.
//
// LOCAL turns errors in the data into warnings, so the caller must compare Loaded with what was sent. An error of the
// reader ends the import: what was loaded by then stays in the table.
func (d *Database) Load(ctx context.Context, table string, columns []rows.Column, text io.Reader) (loaded Loaded, err error) {
	conn, err := d.conn(ctx)
	if err != nil {
		return loaded, wrap("connecting", err)
	}
	defer conn.Close()
	name := fmt.Sprintf("import-%d", loads.Add(1))
	mysql.RegisterReaderHandler(name, func() io.Reader { return text })
	defer mysql.DeregisterReaderHandler(name)
	result, err := conn.ExecContext(ctx, loadStatement(name, table, columns))
	if err != nil {
		return loaded, wrap("loading "+table, err)
	}
	if err := conn.QueryRowContext(ctx, "SELECT @@warning_count").Scan(&loaded.Warnings); err != nil {
		return loaded, wrap("loading "+table, err)
	}
	loaded.Rows, err = result.RowsAffected()
	return loaded, wrap("loading "+table, err)
}

// loadStatement builds the statement. CHARACTER SET binary stores the bytes of each cell as they are, which is what the
// protocol sends: in the column's own charset.
func loadStatement(reader, table string, columns []rows.Column) string {
	fields := make([]string, len(columns))
	var set []string
	for i, c := range columns {
		fields[i] = Quote(c.Name)
		expression := "%s"
		switch c.Kind {
		case source.KindJSON: // MySQL makes no JSON from binary text
			expression = "CONVERT(%s USING utf8mb4)"
		case source.KindBit: // the digits, not their bytes
			expression = "CAST(%s AS UNSIGNED)"
		default:
			continue
		}
		fields[i] = fmt.Sprintf("@cell%d", i)
		set = append(set, Quote(c.Name)+" = "+fmt.Sprintf(expression, fields[i]))
	}
	statement := fmt.Sprintf(`LOAD DATA LOCAL INFILE 'Reader::%s' INTO TABLE %s CHARACTER SET binary`+
		` FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY '\n' (%s)`, reader, Quote(table), strings.Join(fields, ", "))
	if len(set) > 0 {
		statement += " SET " + strings.Join(set, ", ")
	}
	return statement
}

// Truncate empties a table.
func (d *Database) Truncate(ctx context.Context, table string) error {
	conn, err := d.conn(ctx)
	if err != nil {
		return wrap("connecting", err)
	}
	defer conn.Close()
	_, err = conn.ExecContext(ctx, "TRUNCATE TABLE "+Quote(table))
	return wrap("emptying "+table, err)
}

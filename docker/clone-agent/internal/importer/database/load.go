package database

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/go-sql-driver/mysql"

	"clonepool.dev/clone-agent/internal/importer/rows"
	"clonepool.dev/clone-agent/internal/importer/source"
)

// Loading is a transaction that has taken rows and waits to be committed.
type Loading struct {
	Rows     int64 // rows that were put into the clone's table
	Warnings int64 // values that MySQL changed, or rows that it refused
	conn     *sql.Conn
	tx       *sql.Tx
}

// loads numbers the readers, whose names are global in the driver.
var loads atomic.Int64

// Load feeds the text that rows.Encoder writes into a table by one LOAD DATA statement, in a transaction. An error of the
// reader undoes it and is returned as it is.
//
// LOCAL turns errors in the data into warnings, so the caller must compare Loading with what was sent.
func (d *Database) Load(ctx context.Context, table string, columns []rows.Column, text io.Reader) (*Loading, error) {
	conn, err := d.conn(ctx)
	if err != nil {
		return nil, wrap("connecting", err)
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		conn.Close()
		return nil, wrap("loading "+table, err)
	}
	l := &Loading{conn: conn, tx: tx}
	if err := l.load(ctx, table, columns, text); err != nil {
		l.Undo()
		return nil, wrap("loading "+table, err)
	}
	return l, nil
}

func (l *Loading) load(ctx context.Context, table string, columns []rows.Column, text io.Reader) error {
	name := fmt.Sprintf("import-%d", loads.Add(1))
	mysql.RegisterReaderHandler(name, func() io.Reader { return text })
	defer mysql.DeregisterReaderHandler(name)
	result, err := l.tx.ExecContext(ctx, loadStatement(name, table, columns))
	if err != nil {
		return err
	}
	if err := l.tx.QueryRowContext(ctx, "SELECT @@warning_count").Scan(&l.Warnings); err != nil {
		return err
	}
	l.Rows, err = result.RowsAffected()
	return err
}

// Undo takes the rows out again, where tables have transactions.
func (l *Loading) Undo() {
	_ = l.tx.Rollback() // where there is no connection any more, the server does
	l.conn.Close()
}

// Commit keeps the rows. After an error they may be there or not.
func (l *Loading) Commit() error {
	defer l.conn.Close()
	return wrap("committing", l.tx.Commit())
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
		case source.KindJSON, source.KindOther: // no JSON is made from binary text, no address, no UUID
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

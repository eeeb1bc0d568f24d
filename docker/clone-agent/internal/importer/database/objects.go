package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/go-sql-driver/mysql"

	"clonepool.dev/clone-agent/internal/importer/source"
)

// Failed is a view or trigger that the clone does not have.
type Failed struct {
	Name  string `json:"name"`
	Error string `json:"error"`
}

// What a server answers when something is there already: the answer to a statement that was repeated after a crash.
const (
	errTableExists   = 1050 // ER_TABLE_EXISTS_ERROR
	errTriggerExists = 1359 // ER_TRG_ALREADY_EXISTS
)

// Views creates the views in the order that works and returns those that could not be.
func (d *Database) Views(ctx context.Context, tables []source.Table) (failed []Failed, err error) {
	var waiting []source.Table
	for _, table := range tables {
		if table.Type == "view" {
			waiting = append(waiting, table)
		}
	}
	for before := -1; len(waiting) > 0 && len(waiting) != before; {
		before, failed = len(waiting), nil
		var left []source.Table
		for _, view := range waiting {
			if err := d.view(ctx, view); ctx.Err() != nil || Lost(err) {
				return nil, wrap("creating views", errors.Join(context.Cause(ctx), err))
			} else if err != nil {
				left, failed = append(left, view), append(failed, Failed{view.Name, err.Error()})
			}
		}
		waiting = left
	}
	return failed, nil
}

func (d *Database) view(ctx context.Context, view source.Table) error {
	create := d.target.AdaptCollations(withoutDefiner(view.Create))
	if err := allowedView(create, view.Name); err != nil {
		return err
	}
	return d.object(ctx, errTableExists, func(conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, create)
		return err
	})
}

// Triggers creates the triggers, once the rows are in, and returns those that could not be.
func (d *Database) Triggers(ctx context.Context, tables []source.Table) (failed []Failed, err error) {
	for _, table := range tables {
		for _, t := range table.Triggers {
			err := allowedTrigger(t)
			if err == nil {
				err = d.object(ctx, errTriggerExists, func(conn *sql.Conn) error { return createTrigger(ctx, conn, table.Name, t) })
			}
			if ctx.Err() != nil || Lost(err) {
				return nil, wrap("creating triggers", errors.Join(context.Cause(ctx), err))
			}
			if err != nil {
				failed = append(failed, Failed{t.Name, err.Error()})
			}
		}
	}
	return failed, nil
}

func createTrigger(ctx context.Context, conn *sql.Conn, table string, t source.Trigger) error {
	// The mode belongs to the trigger: MySQL keeps it with the trigger's text. Modes that it no longer knows go.
	if _, err := conn.ExecContext(ctx, "SET SESSION sql_mode = ?", strings.ReplaceAll(t.SQLMode, "NO_AUTO_CREATE_USER", "")); err != nil {
		if _, err := conn.ExecContext(ctx, "SET SESSION sql_mode = ''"); err != nil {
			return err
		}
	}
	_, err := conn.ExecContext(ctx, fmt.Sprintf("CREATE TRIGGER %s %s %s ON %s FOR EACH ROW %s",
		Quote(t.Name), t.Timing, t.Event, Quote(table), t.Statement))
	return err
}

// DropObjects removes all views and triggers: those of an import that was broken off.
func (d *Database) DropObjects(ctx context.Context) error {
	return d.surviving(ctx, func() error {
		conn, err := d.conn(ctx)
		if err != nil {
			return wrap("connecting", err)
		}
		defer conn.Close()
		if err := d.drop(ctx, conn, "VIEW", "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'VIEW'"); err != nil {
			return err
		}
		return d.drop(ctx, conn, "TRIGGER", "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ?")
	})
}

// drop removes what a query names in the schema.
func (d *Database) drop(ctx context.Context, conn *sql.Conn, kind, query string) error {
	names, err := d.strings(ctx, query, d.schema)
	if err != nil {
		return wrap("listing what is there", err)
	}
	for _, name := range names {
		if _, err := conn.ExecContext(ctx, "DROP "+kind+" IF EXISTS "+Quote(name)); err != nil {
			return wrap("dropping "+name, err)
		}
	}
	return nil
}

// object creates something on a connection of its own, again if that breaks; exists is the answer if it was there then.
func (d *Database) object(ctx context.Context, exists uint16, create func(*sql.Conn) error) error {
	repeated := false
	return d.surviving(ctx, func() error {
		conn, err := d.conn(ctx)
		if err != nil {
			return wrap("connecting", err)
		}
		defer conn.Close()
		err = create(conn)
		var server *mysql.MySQLError
		if errors.As(err, &server) {
			if repeated && server.Number == exists {
				return nil
			}
			return err
		}
		repeated = true
		return wrap("creating an object", err)
	})
}

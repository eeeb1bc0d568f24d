// Package database writes a site's tables into the clone's MySQL.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/job"
)

// Address says where the clone's MySQL is.
type Address struct {
	Network, Host, Schema, User, Password string
}

// Database is the clone's schema.
type Database struct {
	pool   *sql.DB
	schema string
	target Target
}

// session makes import sessions take any data as it is: zero and impossible dates, 0 in a column that counts up, rows
// before the rows they refer to, times in UTC. Checks of unique keys stay on; without them MySQL may keep rows that only
// the source's collation told apart.
const session = "SET SESSION sql_mode='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', foreign_key_checks=0, time_zone='+00:00'," +
	" net_read_timeout=3600, net_write_timeout=3600"

// Open connects and learns what the server can do.
func Open(ctx context.Context, a Address) (*Database, error) {
	config := mysql.NewConfig()
	config.Net, config.Addr, config.User, config.Passwd, config.DBName = a.Network, a.Host, a.User, a.Password, a.Schema
	config.Collation = "utf8mb4_general_ci"
	config.Timeout = 5 * time.Second
	config.MaxAllowedPacket = 0 // the server's
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, failure.New(job.Internal, "%w", err)
	}
	d := &Database{pool: sql.OpenDB(connector), schema: a.Schema}
	d.pool.SetMaxOpenConns(6)
	if err := d.learn(ctx); err != nil {
		d.pool.Close()
		return nil, wrap("asking the clone's database", err)
	}
	return d, nil
}

// Close closes all connections.
func (d *Database) Close() error { return d.pool.Close() }

// Version is the server's version.
func (d *Database) Version(ctx context.Context) (version string, err error) {
	err = d.pool.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version)
	return version, wrap("asking for the version", err)
}

func (d *Database) learn(ctx context.Context) error {
	version, err := d.Version(ctx)
	if err != nil {
		return err
	}
	d.target = Target{MariaDB: strings.Contains(strings.ToLower(version), "mariadb"), collations: map[string]bool{}}
	// MariaDB lists its newest collations without their charset; the full names are here.
	column := "COLLATION_NAME"
	if d.target.MariaDB {
		column = "FULL_COLLATION_NAME"
	}
	names, err := d.strings(ctx, "SELECT "+column+" FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY")
	for _, name := range names {
		d.target.collations[name] = true
	}
	return err
}

func (d *Database) strings(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := d.pool.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, rows.Err()
}

// conn returns a connection prepared for the import.
func (d *Database) conn(ctx context.Context) (*sql.Conn, error) {
	conn, err := d.pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, session); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// Recreate drops whatever the schema holds and creates the given tables, empty.
func (d *Database) Recreate(ctx context.Context, tables []source.Table) error {
	return d.surviving(ctx, func() error { return d.recreate(ctx, tables) })
}

func (d *Database) recreate(ctx context.Context, tables []source.Table) error {
	conn, err := d.conn(ctx)
	if err != nil {
		return wrap("connecting", err)
	}
	defer conn.Close()
	if err := d.dropAll(ctx, conn); err != nil {
		return err
	}
	for _, table := range tables {
		if table.Type == "view" {
			continue
		}
		if err := d.create(ctx, conn, table); err != nil {
			return err
		}
	}
	return nil
}

func (d *Database) dropAll(ctx context.Context, conn *sql.Conn) error {
	for kind, word := range map[string]string{"BASE TABLE": "TABLE", "VIEW": "VIEW"} {
		names, err := d.strings(ctx, "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = ?", d.schema, kind)
		if err != nil {
			return wrap("listing tables", err)
		}
		for _, name := range names {
			if _, err := conn.ExecContext(ctx, "DROP "+word+" IF EXISTS "+Quote(name)); err != nil {
				return wrap("dropping "+name, err)
			}
		}
	}
	return nil
}

// create tries InnoDB, then MyISAM for what only that can hold (a second column of the key that counts up by itself).
func (d *Database) create(ctx context.Context, conn *sql.Conn, table source.Table) error {
	if !strings.HasPrefix(strings.ToUpper(table.Create), "CREATE TABLE ") {
		return failure.New(job.SourceInvalid, "the definition of %s is no CREATE TABLE", table.Name)
	}
	statement := d.target.Adapt(table.Create)
	_, err := conn.ExecContext(ctx, statement)
	if err != nil && ctx.Err() == nil && !strings.EqualFold(table.Engine, "InnoDB") {
		if _, second := conn.ExecContext(ctx, substitute(statement, engine, func([]string) string { return "ENGINE=MyISAM" })); second == nil {
			return nil
		}
	}
	var server *mysql.MySQLError
	if errors.As(err, &server) {
		return failure.New(job.Incompatible, "the clone's database refuses table %s: %w", table.Name, err)
	}
	return wrap("creating "+table.Name, err)
}

// Views creates the views in the order that works and returns those that could not be.
func (d *Database) Views(ctx context.Context, tables []source.Table) (failed []string, err error) {
	var waiting []source.Table
	for _, table := range tables {
		if table.Type == "view" {
			waiting = append(waiting, table)
		}
	}
	for before := -1; len(waiting) > 0 && len(waiting) != before; {
		before = len(waiting)
		var left []source.Table
		for _, view := range waiting {
			if _, err := d.pool.ExecContext(ctx, d.target.AdaptCollations(withoutDefiner(view.Create))); err != nil {
				left = append(left, view)
			}
		}
		waiting = left
	}
	for _, view := range waiting {
		failed = append(failed, view.Name)
	}
	return failed, wrap("creating views", ctx.Err())
}

// Triggers creates the triggers, once the rows are in, and returns those that could not be.
func (d *Database) Triggers(ctx context.Context, tables []source.Table) (failed []string, err error) {
	conn, err := d.conn(ctx)
	if err != nil {
		return nil, wrap("connecting", err)
	}
	defer conn.Close()
	for _, table := range tables {
		for _, t := range table.Triggers {
			if err := createTrigger(ctx, conn, table.Name, t); err != nil {
				failed = append(failed, t.Name)
			}
		}
	}
	return failed, wrap("creating triggers", ctx.Err())
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

// wrap gives an error of the clone's database its code; nil stays nil.
func wrap(doing string, err error) error {
	var known *failure.Failure
	var server *mysql.MySQLError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.As(err, &server) && (server.Number == errDiskFull || server.Number == errRecordFileFull || server.Number == errDiskFullNow):
		return failure.New(job.DiskFull, "%s: the volume of the clone's database is full: %w", doing, err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return err
	case lostConnection(err):
		err = broken{err}
	}
	return failure.New(job.DatabaseError, "%s: %w", doing, err)
}

// Errors of MySQL that mean a full disk.
const (
	errDiskFull       = 1021 // ER_DISK_FULL
	errRecordFileFull = 1114 // ER_RECORD_FILE_FULL
	errDiskFullNow    = 3675 // ER_DISK_FULL_NOWAIT
)

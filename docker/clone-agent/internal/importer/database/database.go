// Package database writes a site's tables into the clone's MySQL.
package database

import (
	"context"
	"database/sql"
	"errors"
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
	return opened(a, func(d *Database) error { return d.learn(ctx) })
}

// Reopen is Open for a server that may be coming back from a crash.
func Reopen(ctx context.Context, a Address) (*Database, error) {
	return opened(a, func(d *Database) error { return d.surviving(ctx, func() error { return d.learn(ctx) }) })
}

func opened(a Address, learn func(*Database) error) (*Database, error) {
	config := mysql.NewConfig()
	config.Net, config.Addr, config.User, config.Passwd, config.DBName = a.Network, a.Host, a.User, a.Password, a.Schema
	config.Collation = "utf8mb4_general_ci"
	config.Timeout = 5 * time.Second
	config.MaxAllowedPacket = 0        // the server's
	config.Logger = &mysql.NopLogger{} // connections that break are survived, or reported by their statement
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, failure.New(job.Internal, "%w", err)
	}
	d := &Database{pool: sql.OpenDB(connector), schema: a.Schema}
	d.pool.SetMaxOpenConns(6)
	if err := learn(d); err != nil {
		d.pool.Close()
		return nil, err
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
	return wrap("asking the clone's database", err)
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
// It returns those that could not be made as they are, or not at all.
func (d *Database) Recreate(ctx context.Context, tables []source.Table) (adapted []Adapted, err error) {
	if err := Check(tables); err != nil {
		return nil, err
	}
	err = d.surviving(ctx, func() error {
		adapted, err = d.recreate(ctx, tables)
		return err
	})
	return adapted, err
}

func (d *Database) recreate(ctx context.Context, tables []source.Table) (adapted []Adapted, err error) {
	conn, err := d.conn(ctx)
	if err != nil {
		return nil, wrap("connecting", err)
	}
	defer conn.Close()
	if err := d.dropAll(ctx, conn); err != nil {
		return nil, err
	}
	for _, table := range tables {
		if table.Type == "view" {
			continue
		}
		change, err := d.create(ctx, conn, table)
		if err != nil {
			return nil, err
		}
		if change != nil {
			adapted = append(adapted, *change)
		}
	}
	return adapted, nil
}

func (d *Database) dropAll(ctx context.Context, conn *sql.Conn) error {
	for kind, word := range map[string]string{"BASE TABLE": "TABLE", "VIEW": "VIEW"} {
		err := d.drop(ctx, conn, word, "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = '"+kind+"'")
		if err != nil {
			return err
		}
	}
	return nil
}

// Bytewise makes a table anew, empty, with binary collations in the place of those that the server lacks: in the ones that
// come nearest, keys may be equal that the source tells apart. It says false, and changes nothing, if there are none.
func (d *Database) Bytewise(ctx context.Context, table source.Table) (bool, error) {
	near, err := d.target.Adapt(table.Create, table.Name)
	if err != nil {
		return false, err
	}
	bytewise := *d
	bytewise.target.bytewise = true
	if other, err := bytewise.target.Adapt(table.Create, table.Name); err != nil || other == near {
		return false, err
	}
	err = d.surviving(ctx, func() error {
		conn, err := d.conn(ctx)
		if err != nil {
			return wrap("connecting", err)
		}
		defer conn.Close()
		if _, err := conn.ExecContext(ctx, "DROP TABLE IF EXISTS "+Quote(table.Name)); err != nil {
			return wrap("dropping "+table.Name, err)
		}
		change, err := bytewise.create(ctx, conn, table)
		if err == nil && change != nil && change.LeftOut {
			return failure.New(job.Incompatible, "the clone's database refuses table %s with binary collations: %s", table.Name, change.Error)
		}
		return err
	})
	return err == nil, err
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
	case errors.As(err, &server) && isDiskFull(server):
		return failure.New(job.DiskFull, "%s: the volume of the clone's database is full: %w", doing, err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return err
	case lostConnection(err):
		err = broken{err}
	}
	return failure.New(job.DatabaseError, "%s: %w", doing, err)
}

func isDiskFull(err *mysql.MySQLError) bool {
	return err.Number == errDiskFull || err.Number == errRecordFileFull || err.Number == errDiskFullNow
}

// Errors of MySQL that mean a full disk.
const (
	errDiskFull       = 1021 // ER_DISK_FULL
	errRecordFileFull = 1114 // ER_RECORD_FILE_FULL
	errDiskFullNow    = 3675 // ER_DISK_FULL_NOWAIT
)

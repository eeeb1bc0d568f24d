package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"time"

	"github.com/go-sql-driver/mysql"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/job"
)

// A server that crashed is started again at once by its PID 1 and recovers in a second or two; what takes longer than
// comeBack does not come.
const (
	comeBack   = 60 * time.Second
	askAgain   = 100 * time.Millisecond
	repeatLost = 4
)

// Errors with which a server takes its leave.
const (
	errShutdown         = 1053 // ER_SERVER_SHUTDOWN
	errConnectionKilled = 1927 // ER_CONNECTION_KILLED of MariaDB
)

// broken marks an error of the connection to the clone's database, apart from those of the source's.
type broken struct{ error }

func (b broken) Unwrap() error { return b.error }

// Lost says whether an error of this package means that the server or the connection to it has gone, so that it is unknown
// what has become of the last statement.
func Lost(err error) bool {
	var lost broken
	return errors.As(err, &lost)
}

// lostConnection recognises the driver's and the network's words for it.
func lostConnection(err error) bool {
	var server *mysql.MySQLError
	var network *net.OpError // not net.Error, which a full disk is too
	switch {
	case errors.As(err, &server):
		return server.Number == errShutdown || server.Number == errConnectionKilled
	case errors.Is(err, mysql.ErrInvalidConn), errors.Is(err, driver.ErrBadConn), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return true
	}
	return errors.As(err, &network)
}

// Await waits until the server answers.
func (d *Database) Await(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, comeBack)
	defer cancel()
	for {
		err := d.pool.PingContext(limited)
		if err == nil {
			return nil
		}
		select {
		case <-limited.Done():
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return failure.New(job.DatabaseError, "the clone's database went away and did not come back within %s: %w", comeBack, err)
		case <-time.After(askAgain):
		}
	}
}

// surviving repeats what may be done twice until the connection lives through it.
func (d *Database) surviving(ctx context.Context, do func() error) error {
	for try := 1; ; try++ {
		err := do()
		if !Lost(err) || try == repeatLost || ctx.Err() != nil {
			return err
		}
		if err := d.Await(ctx); err != nil {
			return err
		}
	}
}

// Count counts a table's rows once every transaction on it has ended: also one whose client has gone, and of which it is
// not known whether it was committed.
func (d *Database) Count(ctx context.Context, table string) (count int64, err error) {
	if err := d.Await(ctx); err != nil {
		return 0, err
	}
	err = d.surviving(ctx, func() error {
		conn, err := d.conn(ctx)
		if err != nil {
			return wrap("connecting", err)
		}
		defer conn.Close()
		if _, err := conn.ExecContext(ctx, "LOCK TABLES "+Quote(table)+" WRITE"); err != nil {
			return wrap("waiting for "+table, err)
		}
		defer func() { _, _ = conn.ExecContext(ctx, "UNLOCK TABLES") }()
		return wrap("counting "+table, conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+Quote(table)).Scan(&count))
	})
	return count, err
}

// Truncate empties a table.
func (d *Database) Truncate(ctx context.Context, table string) error {
	return d.surviving(ctx, func() error {
		conn, err := d.conn(ctx)
		if err != nil {
			return wrap("connecting", err)
		}
		defer conn.Close()
		_, err = conn.ExecContext(ctx, "TRUNCATE TABLE "+Quote(table))
		return wrap("emptying "+table, err)
	})
}

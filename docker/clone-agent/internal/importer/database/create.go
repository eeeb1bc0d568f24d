package database

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"strings"

	"github.com/go-sql-driver/mysql"

	"clonepool.dev/clone-agent/internal/importer/source"
)

// Adapted is a table that the clone's server did not take as it is.
type Adapted struct {
	Table   string `json:"table"`
	Change  string `json:"change"`
	Error   string `json:"error"`              // of the server, without the change
	LeftOut bool   `json:"left_out,omitempty"` // nothing has helped: the clone does not have it
}

// create tries the definition as it is, then without what its rows do not need, then MyISAM for what only that can hold (a
// second column of the key that counts up by itself, a thousand columns), then without the keys that the server refuses.
// What it cannot have at all, or what is written in words that nobody here knows, is left out.
func (d *Database) create(ctx context.Context, conn *sql.Conn, table source.Table) (*Adapted, error) {
	statement, err := d.target.Adapt(table.Create, table.Name)
	if errors.Is(err, errUnknown) {
		return leftOut(table, err), nil
	}
	if err != nil {
		return nil, refused("table", table.Name, err)
	}
	_, first := conn.ExecContext(ctx, statement)
	if first == nil || !ofDefinition(ctx, first) {
		return nil, wrap("creating "+table.Name, first)
	}
	loose := withoutConstraints(statement)
	for _, attempt := range []func() (change string, err error){
		func() (string, error) { return "without its constraints", execute(ctx, conn, loose) },
		func() (string, error) { return "as MyISAM", execute(ctx, conn, asMyISAM(loose)) },
		func() (string, error) { return keyByKey(ctx, conn, table.Name, loose) },
	} {
		change, err := attempt()
		if err == nil {
			return &Adapted{Table: table.Name, Change: change, Error: first.Error()}, nil
		}
		if !ofDefinition(ctx, err) {
			return nil, wrap("creating "+table.Name, err)
		}
	}
	return leftOut(table, first), nil
}

func leftOut(table source.Table, why error) *Adapted {
	return &Adapted{Table: table.Name, Change: "left out", Error: why.Error(), LeftOut: true}
}

// ofDefinition says whether an error is the server's word on a definition, and not on its own state.
func ofDefinition(ctx context.Context, err error) bool {
	var server *mysql.MySQLError
	return ctx.Err() == nil && errors.As(err, &server) && !isDiskFull(server) && !lostConnection(err)
}

func asMyISAM(statement string) string {
	return substitute(statement, engine, func([]string) string { return "ENGINE=MyISAM" })
}

func execute(ctx context.Context, conn *sql.Conn, statement string) error {
	_, err := conn.ExecContext(ctx, statement)
	return err
}

// nameOfKey is how a definition of a key begins.
var nameOfKey = regexp.MustCompile("^[A-Za-z ]*`(?:[^`]|``)+`")

// keyByKey creates a table without its keys, and then adds those that the server takes. It names the others.
func keyByKey(ctx context.Context, conn *sql.Conn, table, statement string) (change string, err error) {
	bare, keys := withoutKeys(statement)
	if err := execute(ctx, conn, bare); err != nil {
		return "", err
	}
	var refused []string
	for _, key := range keys {
		err := execute(ctx, conn, "ALTER TABLE "+Quote(table)+" ADD "+key)
		if err != nil && !ofDefinition(ctx, err) {
			return "", err
		}
		if err != nil {
			refused = append(refused, nameOfKey.FindString(key))
		}
	}
	return "without " + strings.Join(refused, ", "), nil
}

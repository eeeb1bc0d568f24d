package mysqlctl

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"log"
	"time"

	"github.com/go-sql-driver/mysql"

	"clonepool.dev/clone-agent/internal/layout"
)

// Account is a way to log in.
type Account struct {
	network, address, user, password string
}

// Site is WordPress's own account, by TCP as WordPress does.
func Site(password string) Account { return Account{"tcp", layout.DBAddress, "wordpress", password} }

// Root is the administrator, by the socket only.
func Root(socket, password string) Account { return Account{"unix", socket, "root", password} }

func init() {
	// The driver would write of every refused connection, and connections are refused while the server starts.
	_ = mysql.SetLogger(log.New(io.Discard, "", 0))
}

// open makes a pool of one connection; nothing is connected yet.
func open(a Account) (*sql.DB, error) {
	config := mysql.NewConfig()
	config.Net, config.Addr, config.User, config.Passwd = a.network, a.address, a.user, a.password
	config.Timeout, config.ReadTimeout, config.WriteTimeout = time.Second, 5*time.Second, 5*time.Second
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	return db, nil
}

func logIn(ctx context.Context, a Account) error {
	db, err := open(a)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.PingContext(ctx)
}

// refused says that the server answered and did not accept the password.
func refused(err error) bool {
	const accessDenied = 1045
	var answer *mysql.MySQLError
	return errors.As(err, &answer) && answer.Number == accessDenied
}

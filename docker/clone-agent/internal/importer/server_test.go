package importer

import (
	"context"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"clonepool.dev/clone-agent/internal/importer/database"
)

const testPassword = "not-a-secret"

// dbServer is a MySQL or MariaDB of this machine.
type dbServer struct {
	database.Address
	t       *testing.T
	program string
	args    []string
	log     *os.File
	root    *sql.DB
	process *exec.Cmd
}

// startServer starts one with an empty schema and the site's account. Where there is no server the test is skipped, but
// never in CI.
func startServer(t *testing.T) database.Address {
	t.Helper()
	return newServer(t).Address
}

func newServer(t *testing.T) *dbServer {
	t.Helper()
	program := findServer(t)
	dir := t.TempDir()
	data, socket := filepath.Join(dir, "data"), filepath.Join(dir, "s")
	if err := os.CopyFS(data, os.DirFS(pristineData(t, program))); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	s := &dbServer{t: t, program: program, log: log}
	s.args = []string{"--no-defaults", "--user=" + userName(), "--datadir=" + data, "--tmpdir=" + dir, "--socket=" + socket, "--pid-file=" + filepath.Join(dir, "pid"),
		"--skip-networking", "--skip-log-bin", "--local-infile=1", "--max-allowed-packet=64M", "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=2",
		"--innodb-strict-mode=OFF"}
	s.start()
	t.Cleanup(func() {
		s.kill()
		log.Close()
	})
	s.root = connect(t, socket, log.Name())
	for _, statement := range []string{
		"CREATE DATABASE wordpress CHARACTER SET utf8mb4", "CREATE USER wordpress@localhost IDENTIFIED BY '" + testPassword + "'",
		"GRANT ALL ON wordpress.* TO wordpress@localhost", "CREATE TABLE wordpress.wp_pristine (id int)",
		"CREATE DEFINER=wordpress@localhost VIEW wordpress.wp_pristine_view AS SELECT 1",
	} {
		if _, err := s.root.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	s.Address = database.Address{Network: "unix", Host: socket, Schema: "wordpress", User: "wordpress"}
	return s
}

func (s *dbServer) start() {
	s.process = exec.Command(s.program, s.args...)
	s.process.Stdout, s.process.Stderr = s.log, s.log
	if err := s.process.Start(); err != nil {
		s.t.Error(err)
	}
}

// kill ends the server as a crash would.
func (s *dbServer) kill() {
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
}

func findServer(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("CLONEPOOL_MYSQLD"); path != "" {
		return path
	}
	for _, name := range []string{"mysqld", "mariadbd", "/usr/sbin/mysqld", "/usr/sbin/mariadbd"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("no MySQL or MariaDB server: install mysql-server-core or mariadb-server-core")
	}
	t.Skip("no MySQL or MariaDB server on this machine")
	return ""
}

func userName() string {
	if os.Getuid() == 0 {
		return "root"
	}
	return os.Getenv("USER")
}

// pristine has the datadir that every server of these tests begins with a copy of: to make one takes a MySQL seconds.
var pristine struct {
	sync.Once
	dir string // TestMain removes it
}

func pristineData(t *testing.T, program string) string {
	t.Helper()
	pristine.Do(func() {
		dir, err := os.MkdirTemp("", "pristine")
		if err != nil {
			t.Fatal(err)
		}
		pristine.dir = dir
		initialize(t, program, filepath.Join(dir, "data"))
	})
	return filepath.Join(pristine.dir, "data")
}

// initialize makes a datadir. A MariaDB removes the temporary tables that it finds in its tmpdir at its start, whoever uses
// them: each has one of its own.
func initialize(t *testing.T, program, data string) {
	t.Helper()
	version, err := exec.Command(program, "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, "--no-defaults", "--initialize-insecure", "--user="+userName(), "--datadir="+data, "--tmpdir="+filepath.Dir(data))
	if strings.Contains(string(version), "MariaDB") {
		command = exec.Command("mariadb-install-db", "--no-defaults", "--user="+userName(), "--datadir="+data, "--tmpdir="+filepath.Dir(data),
			"--auth-root-authentication-method=normal", "--skip-test-db")
	}
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
}

// connect waits until the server answers its administrator.
func connect(t *testing.T, socket, log string) *sql.DB {
	t.Helper()
	config := mysql.NewConfig()
	config.Net, config.Addr, config.User = "unix", socket, "root"
	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	pool := sql.OpenDB(connector)
	t.Cleanup(func() { pool.Close() })
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for err = pool.PingContext(ctx); err != nil; err = pool.PingContext(ctx) {
		select {
		case <-ctx.Done():
			text, _ := os.ReadFile(log)
			t.Fatalf("%v\n%s", err, text)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return pool
}

// openDatabase connects as an import does.
func openDatabase(t *testing.T, address database.Address) *database.Database {
	t.Helper()
	address.Password = testPassword
	db, err := database.Open(context.Background(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

package importer

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"clonepool.dev/clone-agent/internal/importer/database"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/importer/sourcetest"
	"clonepool.dev/clone-agent/internal/job"
)

const logRows = 6000

// busyShop is the shop with a table of many rows and no key, some of them equal, some with large cells.
func busyShop() sourcetest.Site {
	site := shop()
	visits := source.Table{
		Name: "wp_visits", Type: "table", Engine: "InnoDB", Bytes: 1_000_000,
		Create: "CREATE TABLE `wp_visits` (\n  `page` varchar(200) NOT NULL,\n  `note` longtext\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
		Columns: []source.Column{
			{Name: "page", Kind: source.KindText, Type: "varchar(200)", Charset: "utf8mb4"},
			{Name: "note", Kind: source.KindText, Type: "longtext", Charset: "utf8mb4"},
		},
	}
	table := sourcetest.Table{Table: visits}
	for i := range logRows {
		cell := any(strings.Repeat("lorem ", 20))
		if i%1000 == 999 {
			cell = sourcetest.Large(strings.Repeat("x", 5000) + strconv.Itoa(i))
		}
		table.Cells = append(table.Cells, []any{home + "/" + strconv.Itoa(i%100), cell})
	}
	site.Tables = append(site.Tables, table)
	return site
}

// state is what a table holds, in a form that does not depend on the order of rows.
func state(t *testing.T, pool *sql.DB) (out string) {
	t.Helper()
	err := pool.QueryRow("SELECT CONCAT(COUNT(*), ' ', COUNT(DISTINCT page), ' ', SUM(CRC32(CONCAT(page, '|', note)))) FROM wp_visits").Scan(&out)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// importBusy imports the shop while fault spoils what it may, and wants what an undisturbed import brings.
func importBusy(t *testing.T, server *dbServer, fault func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter) {
	t.Helper()
	pool := open(t, server.Address)
	var checksums, states []string
	for _, wrap := range []func(sourcetest.Request, http.ResponseWriter) http.ResponseWriter{nil, fault} {
		s := sourcetest.Start(t, busyShop())
		s.MaxRows, s.Wrap = 200, wrap
		env := pod(t, server.Address, works)
		env.ChunkBytes = 100_000
		line := importAll(t, s, env, nil)
		if line.Result != job.ResultOK {
			t.Fatalf("%+v", line)
		}
		if different := fmt.Sprint(line.Fidelity["tables_differing"]); different != "[]" {
			t.Error("differing:", different)
		}
		checksums, states = append(checksums, fmt.Sprint(line.Fidelity["checksum"])), append(states, state(t, pool))
	}
	wantDatabase(t, pool)
	if checksums[0] != checksums[1] || states[0] != states[1] || !strings.HasPrefix(states[0], strconv.Itoa(logRows)+" 100 ") {
		t.Errorf("undisturbed %s, %s; disturbed %s, %s", checksums[0], states[0], checksums[1], states[1])
	}
}

func TestResuming(t *testing.T) {
	server := newServer(t)
	t.Run("cut at random bytes", func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 2))
		var mu sync.Mutex
		importBusy(t, server, func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
			mu.Lock()
			defer mu.Unlock()
			if r.Endpoint == "preflight" || random.IntN(3) == 0 {
				return w
			}
			return sourcetest.Cut(w, 1+random.IntN(60_000))
		})
	})
	t.Run("the database crashes", func(t *testing.T) {
		importBusy(t, server, visits(8, 20, func() {
			server.kill()
			time.Sleep(50 * time.Millisecond)
			server.start()
		}))
	})
	t.Run("connections to the database are cut", func(t *testing.T) {
		importBusy(t, server, visits(5, 9, func() { cutConnections(t, server.root) }))
	})
}

// visits does something at two requests for the rows of wp_visits.
func visits(first, second int, do func()) func(sourcetest.Request, http.ResponseWriter) http.ResponseWriter {
	var mu sync.Mutex
	count := 0
	return func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		if r.Text("table") == "wp_visits" && r.Text("cell") == "" {
			mu.Lock()
			defer mu.Unlock()
			if count++; count == first || count == second {
				do()
			}
		}
		return w
	}
}

func cutConnections(t *testing.T, root *sql.DB) {
	rows, err := root.Query("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'wordpress' AND INFO LIKE 'LOAD DATA%'")
	if err != nil {
		t.Error(err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			t.Error(err)
			return
		}
		_, _ = root.Exec(fmt.Sprintf("KILL %d", id)) // it may be gone
	}
}

// tableOf makes a table x with so many rows.
func tableOf(t *testing.T, server *dbServer, rows int) {
	t.Helper()
	statements := []string{"DROP TABLE IF EXISTS wordpress.x", "CREATE TABLE wordpress.x (id int)"}
	for range rows {
		statements = append(statements, "INSERT INTO wordpress.x VALUES (1)")
	}
	for _, statement := range statements {
		if _, err := server.root.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
}

// What became of a commit whose answer was lost is decided by the number of rows.
func TestReconciling(t *testing.T) {
	ctx := context.Background()
	server := newServer(t)
	db := openDatabase(t, server.Address)
	for name, c := range map[string]struct {
		present int
		want    int64
		anew    bool
	}{
		"nothing of it is there": {3, 3, false}, "all of it is there": {5, 5, false}, "some of it is there": {4, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			tableOf(t, server, c.present)
			copied := &tableCopy{database: db, table: source.Table{Name: "x"}, spend: func(int64) error { return nil }}
			copied.at, copied.doubt = newPosition("x"), &position{}
			*copied.doubt = newPosition("x")
			copied.at.report.Clone, copied.doubt.report.Clone, copied.doubt.complete = 3, 5, true
			if err := copied.reconcile(ctx); err != nil {
				t.Fatal(err)
			}
			if copied.at.report.Clone != c.want || copied.anew != c.anew || copied.doubt != nil ||
				copied.at.complete != (c.present == 5) { // then there is nothing to go on with
				t.Errorf("goes on behind %d rows, anew: %v", copied.at.report.Clone, copied.anew)
			}
		})
	}
}

// A table that was made anew with binary collations is so once more: it is not known whether the other agent came to that.
func TestGoingOnWithBinaryCollations(t *testing.T) {
	server := newServer(t)
	db := openDatabase(t, server.Address)
	j, _ := reopened(t, volumeOf(t), "mine")
	table := source.Table{Name: "x", Create: "CREATE TABLE `x` (\n  `w` varchar(50) COLLATE utf8mb4_klingon_as_ci NOT NULL\n) DEFAULT CHARSET=utf8mb4"}
	if _, err := j.define([]source.Table{table}, func() ([]database.Adapted, error) { return nil, nil }); err != nil {
		t.Fatal(err)
	}
	agent := func() *tableCopy {
		return &tableCopy{database: db, journal: j, table: table, spend: func(int64) error { return nil }}
	}
	if err := agent().beginBytewise(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := server.root.Exec("DROP TABLE wordpress.x"); err != nil {
		t.Fatal(err)
	}
	next := agent()
	if err := next.goOn(context.Background()); err != nil || !next.at.report.Bytewise || !next.bytewise {
		t.Errorf("%+v, %v", next.at.report, err)
	}
	if count, err := db.Count(context.Background(), "x"); err != nil || count != 0 {
		t.Errorf("%d rows, %v", count, err)
	}
}

// A collation that the clone's server lacks has a nearest one; where that is too near, no row is lost.
func TestKeysThatAreEqualOnlyToTheClone(t *testing.T) {
	server := newServer(t)
	site := shop()
	table := source.Table{
		Name: "wp_words", Type: "table", Engine: "InnoDB", Bytes: 1,
		Create:  "CREATE TABLE `wp_words` (\n  `w` varchar(50) COLLATE utf8mb4_klingon_as_ci NOT NULL,\n  PRIMARY KEY (`w`)\n) DEFAULT CHARSET=utf8mb4",
		Columns: []source.Column{{Name: "w", Kind: source.KindText, Type: "varchar(50)", Charset: "utf8mb4"}},
	}
	site.Tables = append(site.Tables, sourcetest.Table{Table: table, Cells: [][]any{{"Qapla"}, {"qapla"}, {"QAPLA"}}})
	line := importAll(t, sourcetest.Start(t, site), pod(t, server.Address, works), nil)
	if line.Result != job.ResultOK {
		t.Fatalf("%+v", line)
	}
	var words int
	if err := open(t, server.Address).QueryRow("SELECT COUNT(*) FROM wp_words").Scan(&words); err != nil || words != 3 {
		t.Errorf("%d words, %v", words, err)
	}
	if adapted, different := fmt.Sprint(line.Fidelity["tables_adapted"]), fmt.Sprint(line.Fidelity["tables_differing"]); !strings.Contains(adapted, "{wp_words with binary") || different != "[]" {
		t.Errorf("adapted %s, differing %s", adapted, different)
	}
}

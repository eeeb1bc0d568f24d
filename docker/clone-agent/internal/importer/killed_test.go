package importer

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"clonepool.dev/clone-agent/internal/importer/sourcetest"
	"clonepool.dev/clone-agent/internal/job"
	"clonepool.dev/clone-agent/internal/layout"
)

// outcome is what an import has made: its report and what lies in the pod.
type outcome struct {
	fidelity map[string]any
	files    map[string]string
	visits   string
}

func (a *agents) outcome(line *job.Line, server *dbServer) outcome {
	a.t.Helper()
	if line == nil || line.Result != job.ResultOK {
		a.t.Fatalf("%+v", line)
	}
	for _, name := range []string{"resumed", "bytes"} { // which may differ
		delete(line.Fidelity, name)
	}
	pool := open(a.t, server.Address)
	wantDatabase(a.t, pool)
	if _, err := os.Lstat(filepath.Join(a.order.Dir, layout.JournalDir)); !os.IsNotExist(err) {
		a.t.Errorf("the journal stays: %v", err)
	}
	return outcome{line.Fidelity, docrootOf(a.t, a.order.Dir), state(a.t, pool)}
}

// docrootOf is each file by its digest; the configuration has salts of its own.
func docrootOf(t *testing.T, dir string) map[string]string {
	found := map[string]string{}
	err := filepath.WalkDir(filepath.Join(dir, "html"), func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || entry.Name() == "wp-config.php" {
			return err
		}
		text, err := os.ReadFile(name)
		found[name[len(dir):]] = fmt.Sprintf("%x", sha256.Sum256(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// busyShopWithCode has files enough to be killed in.
func busyShopWithCode() sourcetest.Site {
	site := busyShop()
	for i := range 60 {
		text := strings.Repeat(fmt.Sprintf("%03d ", i), i*20)
		site.Roots[0].Records = append(site.Roots[0].Records, sourcetest.Record{Kind: 'f', Path: fmt.Sprintf("lib/%02d.php", i), Text: text})
	}
	return site
}

func TestAnImportGoesOnAfterItsAgentWasKilled(t *testing.T) {
	server := newServer(t)
	undisturbed := newAgents(t, server, busyShopWithCode())
	undisturbed.killEach(func() int64 { return 1 << 40 })
	want := undisturbed.outcome(undisturbed.life(), server)
	all := undisturbed.sent.Load()

	t.Run("at random bytes", func(t *testing.T) {
		for seed := range uint64(4) {
			random := rand.New(rand.NewPCG(3, seed))
			a := newAgents(t, server, busyShopWithCode())
			a.killEach(func() int64 { return all/8 + random.Int64N(all/2) })
			lives, line := 0, (*job.Line)(nil)
			for ; line == nil && lives < 12; lives++ {
				line = a.life()
			}
			resumed := line != nil && line.Fidelity["resumed"] == true
			if got := a.outcome(line, server); !reflect.DeepEqual(got, want) {
				t.Errorf("seed %d, %d lives: %+v; undisturbed %+v", seed, lives, got, want)
			}
			t.Logf("seed %d: %d lives, %d bytes of %d", seed, lives, a.sent.Load(), all)
			if sent := a.sent.Load(); sent >= 2*all || lives > 1 && !resumed {
				t.Errorf("seed %d, %d lives (resumed: %v): %d bytes came of %d", seed, lives, resumed, sent, all)
			}
		}
	})
	t.Run("in a table", func(t *testing.T) { killedInATable(t, server, want, func() {}) })
	t.Run("behind the tables", func(t *testing.T) { killedBehindTheTables(t, server, want) })
	t.Run("and the database with it", func(t *testing.T) {
		killedInATable(t, server, want, func() {
			server.kill()
			time.AfterFunc(500*time.Millisecond, server.start)
		})
	})
}

// killedInATable wants that tables which were complete are not asked for again.
func killedInATable(t *testing.T, server *dbServer, want outcome, also func()) {
	a := newAgents(t, server, busyShopWithCode())
	a.source.Wrap = visits(20, 1<<30, func() {
		a.kill()
		also()
	})
	if line := a.life(); line != nil {
		t.Fatalf("%+v", line)
	}
	complete, asked := completeTables(t, a), len(a.source.Requests)
	if !slices.Contains(complete, "wp_options") {
		t.Fatalf("complete: %v", complete)
	}
	line := a.life()
	if got := a.outcome(line, server); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v; undisturbed %+v", got, want)
	}
	visited := 0
	for _, r := range a.source.Requests[asked:] {
		if r.Endpoint == "rows" && slices.Contains(complete, r.Text("table")) {
			t.Errorf("%s was complete, and asked for again", r.Text("table"))
		}
		if r.Text("table") == "wp_visits" && r.Text("cell") == "" {
			visited++
		}
	}
	if visited > 15 {
		t.Errorf("%d of 30 portions were asked for again", visited)
	}
}

// killedBehindTheTables kills the agent while files still come and triggers are there: none may fire when rows come in, and
// none fail because it is there.
func killedBehindTheTables(t *testing.T, server *dbServer, want outcome) {
	a := newAgents(t, server, busyShopWithCode())
	var once sync.Once
	a.source.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		if r.Endpoint == "files" {
			once.Do(func() {
				for triggers := 0; triggers == 0 && !t.Failed(); time.Sleep(5 * time.Millisecond) {
					if err := server.root.QueryRow("SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'wordpress'").Scan(&triggers); err != nil {
						t.Error(err)
					}
				}
				a.kill()
			})
		}
		return w
	}
	if _, err := server.root.Exec("DROP DATABASE wordpress"); err != nil { // with the trigger of the import before
		t.Fatal(err)
	}
	if _, err := server.root.Exec("CREATE DATABASE wordpress CHARACTER SET utf8mb4"); err != nil {
		t.Fatal(err)
	}
	if line := a.life(); line != nil {
		t.Fatalf("%+v", line)
	}
	asked := len(a.source.Requests)
	if got := a.outcome(a.life(), server); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v; undisturbed %+v", got, want)
	}
	for _, r := range a.source.Requests[asked:] {
		if r.Endpoint == "rows" {
			t.Errorf("%s was asked for again", r.Text("table"))
		}
	}
}

// completeTables are those that the journal says are complete.
func completeTables(t *testing.T, a *agents) (names []string) {
	t.Helper()
	volume, err := os.OpenRoot(a.order.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer volume.Close()
	j := &journal{volume: volume}
	for _, table := range a.source.Site.Tables {
		if kept := j.table(table.Name); kept.At.complete || kept.Doubt != nil && kept.Doubt.complete {
			names = append(names, table.Name)
		}
	}
	return names
}

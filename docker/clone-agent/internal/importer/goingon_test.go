package importer

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"clonepool.dev/clone-agent/internal/importer/database"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/importer/sourcetest"
)

// An agent that was killed leaves a table with the rows that were certain, with those of the COMMIT that was under way, or
// with others, which only a table without transactions can have.
func TestGoingOnInATable(t *testing.T) {
	ctx := context.Background()
	server := newServer(t)
	db := openDatabase(t, server.Address)
	behind := "behind"
	at, doubt := newPosition("x"), newPosition("x")
	at.report.Clone, at.cursor, at.bytes = 3, &behind, 30
	doubt.report.Clone, doubt.bytes = 5, 50
	doubt.end(rowsMeta{})
	for name, c := range map[string]struct {
		kept    *keptTable
		present int
		clone   int64
		bytes   int64
		goesOn  bool
	}{
		"nothing was sent":                     {nil, 0, 0, 0, false},
		"rows of a table without a COMMIT":     {nil, 2, 0, 0, false},
		"killed before the COMMIT":             {&keptTable{at, &doubt}, 3, 3, 30, true},
		"killed after the COMMIT":              {&keptTable{at, &doubt}, 5, 5, 50, false},
		"killed in a LOAD, no transactions":    {&keptTable{at, &doubt}, 4, 0, 0, false},
		"killed after the last row":            {&keptTable{doubt, nil}, 5, 5, 50, false},
		"complete, and then somebody was in":   {&keptTable{doubt, nil}, 6, 0, 0, false},
		"emptied, and not yet begun once more": {&keptTable{at, &doubt}, 0, 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			tableOf(t, server, c.present)
			j, _ := reopened(t, volumeOf(t), "mine")
			if _, err := j.define(nil, func() ([]database.Adapted, error) { return nil, nil }); err != nil {
				t.Fatal(err)
			}
			if c.kept != nil {
				if err := j.keepTable(c.kept.At, c.kept.Doubt); err != nil {
					t.Fatal(err)
				}
			}
			var recalled int64
			copied := &tableCopy{
				database: db, journal: j, table: source.Table{Name: "x"}, spend: func(int64) error { return nil },
				recall: func(bytes int64) error { recalled = bytes; return nil },
			}
			if err := copied.goOn(ctx); err != nil {
				t.Fatal(err)
			}
			if copied.at.report.Clone != c.clone || recalled != c.bytes || copied.goesOn != c.goesOn || copied.doubt != nil || copied.at.complete != (c.clone == 5) {
				t.Errorf("goes on behind %d rows (%v), recalled %d bytes", copied.at.report.Clone, copied.goesOn, recalled)
			}
			if count, err := db.Count(ctx, "x"); err != nil || count != c.clone {
				t.Errorf("%d rows are left, %v", count, err)
			}
		})
	}
}

// Cursors that the source knows no more, and definitions that have changed, cost the tables and nothing else.
func TestWhatASourceHasForgottenIsTakenAnew(t *testing.T) {
	server := newServer(t)
	broken := func(t *testing.T) (*agents, int) {
		a := newAgents(t, server, busyShopWithCode())
		a.source.Wrap = visits(20, 1<<30, a.kill)
		if line := a.life(); line != nil {
			t.Fatalf("%+v", line)
		}
		return a, len(a.source.Requests)
	}
	portions := func(a *agents, from int, table string) (n int) {
		for _, r := range a.source.Requests[from:] {
			if r.Text("table") == table && r.Text("cell") == "" {
				n++
			}
		}
		return n
	}
	t.Run("a cursor", func(t *testing.T) {
		a, asked := broken(t)
		refused := false
		a.source.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
			if r.Text("table") != "wp_visits" || r.Text("cursor") == "" || refused {
				return w
			}
			refused = true
			r.Answer(w).Signed('E', sourcetest.Failure("bad_request"))
			return nil
		}
		a.outcome(a.life(), server)
		if portions(a, asked, "wp_visits") < 30 || portions(a, asked, "wp_options") != 0 {
			t.Errorf("%d, %d", portions(a, asked, "wp_visits"), portions(a, asked, "wp_options"))
		}
	})
	t.Run("a definition", func(t *testing.T) {
		a, asked := broken(t)
		last := &a.source.Site.Tables[len(a.source.Site.Tables)-1]
		last.Create = strings.Replace(last.Create, "varchar(200)", "varchar(201)", 1)
		a.outcome(a.life(), server)
		if portions(a, asked, "wp_visits") < 30 || portions(a, asked, "wp_options") == 0 {
			t.Errorf("%d, %d", portions(a, asked, "wp_visits"), portions(a, asked, "wp_options"))
		}
	})
}

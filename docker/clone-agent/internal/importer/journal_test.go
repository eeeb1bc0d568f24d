package importer

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"clonepool.dev/clone-agent/internal/importer/database"
	"clonepool.dev/clone-agent/internal/importer/files"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/importer/sourcetest"
	"clonepool.dev/clone-agent/internal/job"
	"clonepool.dev/clone-agent/internal/layout"
	"clonepool.dev/clone-agent/internal/rewrite"
)

// reopened is the journal of the next agent, and how often the document root was restored for it.
func reopened(t *testing.T, volume *os.Root, identity string) (j *journal, restored int) {
	t.Helper()
	j, err := openJournal(volume, identity, func() error { restored++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return j, restored
}

func volumeOf(t *testing.T) *os.Root {
	t.Helper()
	volume, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { volume.Close() })
	return volume
}

func TestWhoseJournalItIs(t *testing.T) {
	write := func(name, text string) func(*testing.T, *os.Root) {
		return func(t *testing.T, volume *os.Root) {
			if err := volume.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		spoil    func(*testing.T, *os.Root)
		identity string
		goesOn   bool
		restored int
	}{
		"the same import":             {func(*testing.T, *os.Root) {}, "mine", true, 0},
		"another import":              {func(*testing.T, *os.Root) {}, "another", false, 1},
		"a head that is torn":         {write(layout.JournalHead, `{"import": "mi`), "mine", false, 1},
		"files that cannot be read":   {write(filesFile, `[{"root": 5}]`), "mine", false, 1},
		"files that are far too long": {write(filesFile, `["`+strings.Repeat("x", maxStored)+`"]`), "mine", false, 1},
		"a head that is a link": {func(t *testing.T, volume *os.Root) {
			if err := errors.Join(volume.Rename(layout.JournalHead, "elsewhere"), volume.Symlink("../elsewhere", layout.JournalHead)); err != nil {
				t.Fatal(err)
			}
		}, "mine", false, 1},
		"without a head": {func(t *testing.T, volume *os.Root) {
			if err := volume.Remove(layout.JournalHead); err != nil {
				t.Fatal(err)
			}
		}, "mine", false, 0}, // PID 1 has restored the document root
	} {
		t.Run(name, func(t *testing.T) {
			volume := volumeOf(t)
			first, restored := reopened(t, volume, "mine")
			if first.went || restored != 0 {
				t.Fatal("an empty volume was taken for one with a journal")
			}
			if err := first.keepFiles([]files.Part{{Root: "plugins", Bytes: 5}}); err != nil {
				t.Fatal(err)
			}
			c.spoil(t, volume)
			next, restored := reopened(t, volume, c.identity)
			if next.went != c.goesOn || restored != c.restored || (next.received() == 5) != c.goesOn {
				t.Errorf("goes on: %v, restored %d times, %d bytes", next.went, restored, next.received())
			}
			if third, again := reopened(t, volume, c.identity); !third.went || again != 0 {
				t.Error("the journal that was begun anew is none")
			}
		})
	}
}

func TestWhichImportsAreTheSame(t *testing.T) {
	of := func(change func(*job.Job, *source.Preflight)) string {
		j, p := job.Job{CloneID: "acme", Generation: 7, SourceURL: "https://a", JobKey: "00"}, source.Preflight{Roots: []source.Root{{Name: "core"}}}
		change(&j, &p)
		same, err := identity(j, p)
		if err != nil {
			t.Fatal(err)
		}
		return same
	}
	same := of(func(*job.Job, *source.Preflight) {})
	if got := of(func(j *job.Job, p *source.Preflight) {
		p.Files.Count, p.BytesEstimate, p.Tables, j.Limits.Seconds = 5, 6, []source.TableSize{{Name: "x"}}, 9
	}); got != same {
		t.Error("a living site is another one with each row")
	}
	for name, change := range map[string]func(*job.Job, *source.Preflight){
		"key":        func(j *job.Job, _ *source.Preflight) { j.JobKey = "01" },
		"generation": func(j *job.Job, _ *source.Preflight) { j.Generation = 8 },
		"source":     func(j *job.Job, _ *source.Preflight) { j.SourceURL = "https://b" },
		"address":    func(j *job.Job, _ *source.Preflight) { j.PublicURL = "https://c" },
		"roots":      func(_ *job.Job, p *source.Preflight) { p.Roots = append(p.Roots, source.Root{Name: "themes"}) },
		"versions":   func(_ *job.Job, p *source.Preflight) { p.Versions.WordPress = "6.9" },
	} {
		if of(change) == same {
			t.Errorf("another %s makes no difference", name)
		}
	}
}

func TestTablesAreDefinedOnce(t *testing.T) {
	tables := []source.Table{{Name: "x", Rows: 1, Create: "CREATE TABLE `x` (...) ENGINE=InnoDB AUTO_INCREMENT=5 DEFAULT CHARSET=utf8mb4"}}
	adapted := []database.Adapted{{Table: "x", Change: "as MyISAM"}}
	for name, c := range map[string]struct {
		create string
		fails  error
		anew   bool
	}{
		"as before":                     {tables[0].Create, nil, false},
		"with more rows":                {strings.Replace(tables[0].Create, "=5", "=77", 1), nil, false},
		"with another engine":           {strings.Replace(tables[0].Create, "InnoDB", "MyISAM", 1), nil, true},
		"broken off while they were so": {tables[0].Create, errors.New("killed"), true},
	} {
		t.Run(name, func(t *testing.T) {
			volume := volumeOf(t)
			first, _ := reopened(t, volume, "mine")
			create := func() ([]database.Adapted, error) { return adapted, c.fails }
			if _, err := first.define(tables, create); !errors.Is(err, c.fails) {
				t.Fatal(err)
			}
			if c.fails == nil {
				at := newPosition("x")
				at.report.Clone = 3
				if err := first.keepTable(at, nil); err != nil {
					t.Fatal(err)
				}
			}
			next, _ := reopened(t, volume, "mine")
			created := false
			got, err := next.define([]source.Table{{Name: "x", Rows: 9, Create: c.create}}, func() ([]database.Adapted, error) {
				created = true
				return adapted, nil
			})
			if err != nil || created != c.anew || next.tables == c.anew || !reflect.DeepEqual(got, adapted) {
				t.Errorf("created: %v, %+v, %v", created, got, err)
			}
			if kept := next.table("x"); (kept.At.report.Clone == 3) == c.anew {
				t.Errorf("%+v", kept.At.report)
			}
		})
	}
}

// A position goes on in another process as if nothing had happened.
func TestPositionsAreWritten(t *testing.T) {
	cursor, yes := "\x00c", true
	at := newPosition("odd ` name")
	at.cursor, at.bytes, at.report.Bytewise = &cursor, 9, true
	at.report.Source, at.report.Clone, at.report.TooLong = 3, 2, 1
	at.end(rowsMeta{Changed: &yes, ChangedBy: []string{"update_time"}})
	at.digest.Write([]byte("some rows"))
	at.stats.Add(rewrite.Stats{Rewritten: map[string]int64{"text": 4}, Listed: []rewrite.Finding{{Cell: "c", Kind: "text", Reason: "binary"}}})
	text, err := json.Marshal(at)
	if err != nil {
		t.Fatal(err)
	}
	var read position
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*position{&at, &read} {
		p.digest.Write([]byte("more rows"))
	}
	if read.sum() != at.sum() || !reflect.DeepEqual(read.report, at.report) || !reflect.DeepEqual(read.stats, at.stats) || *read.cursor != cursor || read.bytes != 9 || !read.complete {
		t.Errorf("%+v", read)
	}
	if json.Unmarshal([]byte(`{"digest": "AAAA"}`), &read) == nil {
		t.Error("a digest of nothing was read")
	}
}

// A journal that is not of this import is no reason to mix two: the document root is restored, and all begins anew.
func TestAnotherImportBeginsAnew(t *testing.T) {
	env := pod(t, startServer(t), works)
	restored := 0
	env.Restore = func(context.Context) error { restored++; return nil }
	volume := filepath.Dir(env.Docroot)
	if err := errors.Join(os.Mkdir(filepath.Join(volume, layout.JournalDir), 0o700), os.WriteFile(filepath.Join(volume, layout.JournalHead), []byte(`{"import": "a forgery"}`), 0o600)); err != nil {
		t.Fatal(err)
	}
	line := importAll(t, sourcetest.Start(t, shop()), env, nil)
	if line.Result != job.ResultOK || restored != 1 || line.Fidelity["resumed"] != false {
		t.Errorf("restored %d times: %+v", restored, line)
	}
}

// From the smoke test on the site's own code runs, and finds no journal to write to.
func TestTheSiteNeverSeesTheJournal(t *testing.T) {
	var env Env
	env = pod(t, startServer(t), func(w http.ResponseWriter, r *http.Request) {
		if _, err := os.Lstat(filepath.Join(filepath.Dir(env.Docroot), layout.JournalDir)); !os.IsNotExist(err) {
			t.Errorf("the journal is there: %v", err)
		}
		works(w, r)
	})
	if line := importAll(t, sourcetest.Start(t, shop()), env, nil); line.Result != job.ResultOK {
		t.Errorf("%+v", line)
	}
}

package importer

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/importer/sourcetest"
	"clonepool.dev/clone-agent/internal/job"
)

// What an import of tables and files keeps in memory at once, live (docs/protocol.md, section 9).
const (
	soundBudget   = 64 << 20
	hostileBudget = 128 << 20
)

// mostLive runs do and returns how much more was live at any time than before: as the collector found it, not what has
// been thrown away since, which grows with the load of the machine.
func mostLive(do func()) uint64 {
	live := func() uint64 {
		sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		runtime.GC()
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	before, most := live(), uint64(0)
	done := make(chan struct{})
	var sampling sync.WaitGroup
	sampling.Go(func() {
		for {
			most = max(most, live())
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	do()
	close(done)
	sampling.Wait()
	return most - min(most, before)
}

// bigTable has rows of a megabyte, full of what is to be rewritten, and a cell of 64 MiB.
func bigTable(name string) sourcetest.Table {
	cell := strings.Repeat(home+"/page\n", 1<<20/len(home+"/page\n"))
	table := sourcetest.Table{Table: source.Table{
		Name: name, Type: "table", Engine: "InnoDB", Bytes: 100 << 20,
		Create:  "CREATE TABLE `" + name + "` (\n  `id` int NOT NULL,\n  `t` longtext,\n  PRIMARY KEY (`id`)\n) DEFAULT CHARSET=utf8mb4",
		Columns: []source.Column{{Name: "id", Kind: source.KindNumber, Type: "int"}, {Name: "t", Kind: source.KindText, Type: "longtext", DataType: "longtext", Charset: "utf8mb4"}},
	}}
	for i := range 20 {
		table.Cells = append(table.Cells, []any{fmt.Sprint(i), cell})
	}
	return table
}

// bigFiles are trees of large files. Their records are sent by sendFile.
func bigFiles() (roots []sourcetest.Root) {
	for _, name := range []string{"plugins", "themes"} {
		roots = append(roots, sourcetest.Root{Root: source.Root{Name: name, Target: "wp-content/" + name}})
	}
	return roots
}

const (
	bigFile = 48 << 20
	// lastMiB is how many MiB may come before a checkpoint, less what else is counted.
	lastMiB = 7
)

// sendFile sends one file of 48 MiB. A checkpoint follows each of so many of its pieces, which are as large as may be.
func sendFile(r sourcetest.Request, w http.ResponseWriter, pieces int) {
	uvarint := binary.AppendUvarint
	a := r.Answer(w)
	a.Frame('D', uvarint(uvarint(uvarint(uvarint([]byte("f\x03big"), 0o644), bigFile), 1), 0))
	piece := append(uvarint([]byte("b"), 256<<10), make([]byte, 256<<10)...)
	for sent := range bigFile / (256 << 10) {
		a.Frame('D', piece)
		if (sent+1)%pieces == 0 {
			a.Signed('C', map[string]any{"cursor": fmt.Sprint(sent)})
		}
	}
	a.Frame('D', uvarint([]byte("z\x00"), bigFile))
	a.Signed('E', map[string]any{"complete": true, "cursor": nil})
}

// sendRows sends 32 rows of a bigTable, with a checkpoint behind each so many but the last.
func sendRows(a *sourcetest.Answer, table string, rows int) {
	const all = 32
	cell := strings.Repeat(home+"/page\n", 1<<20/len(home+"/page\n"))
	a.JSON(map[string]any{"table": table, "columns": []string{"id", "t"}, "kinds": []string{source.KindNumber, source.KindText}})
	for i := range all {
		id := fmt.Sprint(i)
		row := append(binary.AppendUvarint(nil, uint64(len(id))+2), id...)
		a.Frame('D', append(binary.AppendUvarint(row, uint64(len(cell))+2), cell...))
		if (i+1)%rows == 0 && i+1 < all {
			a.Signed('C', map[string]any{"cursor": id})
		}
	}
}

func TestMemory(t *testing.T) {
	server := newServer(t)
	patient := func() Env { // collecting garbage all the time takes time
		env := pod(t, server.Address, works)
		env.Source.Stall, env.Source.Patience = time.Minute, time.Minute
		return env
	}
	t.Run("of a sound source", func(t *testing.T) {
		site := shop()
		one, two := bigTable("wp_one"), bigTable("wp_two")
		huge := strings.Repeat("0123456789abcde\n", 64<<20/16) + home
		one.Cells = append(one.Cells, []any{"100", sourcetest.Large(huge)})
		site.Tables, site.Roots = append(site.Tables, one, two), bigFiles()
		s := sourcetest.Start(t, site)
		s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
			if r.Endpoint == "files" {
				sendFile(r, w, 4)
				return nil
			}
			return w
		}
		var line job.Line
		live := mostLive(func() { line = importAll(t, s, patient(), nil) })
		if line.Result != job.ResultOK {
			t.Fatalf("%+v", line)
		}
		if live > soundBudget {
			t.Errorf("%d MiB were live, may be %d", live>>20, soundBudget>>20)
		}
		t.Logf("%d MiB were live", live>>20)
		var length int64
		want := int64(len(huge) - len(home) + len("https://acme.clones.test"))
		if err := open(t, server.Address).QueryRow("SELECT LENGTH(t) FROM wp_one WHERE id = 100").Scan(&length); err != nil || length != want {
			t.Errorf("the large cell has %d bytes, want %d (%v)", length, want, err)
		}
	})
	t.Run("of one that never comes to a checkpoint", func(t *testing.T) {
		site := shop()
		site.Tables, site.Roots = append(site.Tables, bigTable("wp_one"), bigTable("wp_two")), bigFiles()
		s := sourcetest.Start(t, site)
		s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
			if r.Endpoint == "files" {
				sendFile(r, w, 1000)
				return nil
			}
			if r.Endpoint != "rows" {
				return w
			}
			a := r.Answer(w)
			frame := make([]byte, 1<<20)
			for range 64 {
				a.Frame('D', frame)
			}
			return nil
		}
		var line job.Line
		live := mostLive(func() { line = importAll(t, s, patient(), nil) })
		wantFailure(t, line, job.SourceInvalid)
		if live > hostileBudget {
			t.Errorf("%d MiB were live, may be %d", live>>20, hostileBudget>>20)
		}
		t.Logf("%d MiB were live", live>>20)
	})
	for claim, bytes := range map[string]int64{"": 100 << 20, " and who claims that its tables are small": 1} {
		t.Run("of one whose checkpoints come as late as may be"+claim, func(t *testing.T) { lateCheckpoints(t, patient(), bytes) })
	}
	t.Run("of one with endless definitions", func(t *testing.T) {
		s := sourcetest.Start(t, shop())
		s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
			if r.Endpoint != "tables" {
				return w
			}
			a := r.Answer(w)
			comment := strings.Repeat("x", 1<<20)
			for i := range 200 {
				a.JSON(map[string]any{"name": fmt.Sprint("wp_", i), "type": "table", "create": comment})
				a.Signed('C', map[string]any{"cursor": fmt.Sprint(i)})
			}
			a.Signed('E', map[string]any{"complete": true, "cursor": nil})
			return nil
		}
		var line job.Line
		live := mostLive(func() { line = importAll(t, s, patient(), nil) })
		wantFailure(t, line, job.TooLarge)
		if live > hostileBudget {
			t.Errorf("%d MiB were live, may be %d", live>>20, hostileBudget>>20)
		}
		t.Logf("%d MiB were live", live>>20)
	})
}

func lateCheckpoints(t *testing.T, env Env, bytes int64) {
	one, two := bigTable("wp_one"), bigTable("wp_two")
	one.Bytes, two.Bytes = bytes, bytes
	site := shop()
	site.Tables, site.Roots = append(site.Tables, one, two), bigFiles()
	s := sourcetest.Start(t, site)
	var together atomic.Int32
	s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		table, end := r.Text("table"), map[string]any{"complete": true, "cursor": nil}
		tables, several := r.Body["tables"].([]any)
		if several {
			table = tables[0].(string)
		}
		switch {
		case r.Endpoint == "files":
			sendFile(r, w, lastMiB*4)
		case r.Endpoint == "rows" && (table == "wp_one" || table == "wp_two"):
			a := r.Answer(w)
			sendRows(a, table, lastMiB)
			if several {
				a.Signed('C', map[string]any{"complete": true, "cursor": nil, "table": table})
				end["complete"] = false
				together.Add(1)
			}
			a.Signed('E', end)
		default:
			return w
		}
		return nil
	}
	var line job.Line
	live := mostLive(func() { line = importAll(t, s, env, nil) })
	if line.Result != job.ResultOK {
		t.Fatalf("%+v", line)
	}
	if live > hostileBudget {
		t.Errorf("%d MiB were live, may be %d", live>>20, hostileBudget>>20)
	}
	if count := together.Load(); (count > 0) != (bytes == 1) {
		t.Errorf("%d answers with several tables", count)
	}
	t.Logf("%d MiB were live", live>>20)
}

package importer

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/importer/sourcetest"
	"clonepool.dev/clone-agent/internal/job"
)

func TestGroupsOfTables(t *testing.T) {
	var tables []source.Table
	for i := range 60 {
		tables = append(tables, source.Table{Name: strconv.Itoa(i), Bytes: 16384})
	}
	big, empty := source.Table{Name: "big", Bytes: smallBytes + 1}, source.Table{Name: "sessions", RowFilter: "empty"}
	for name, c := range map[string]struct {
		tables []source.Table
		most   int
		want   string
	}{
		"none":                        {nil, 64, "[]"},
		"a source that knows of none": {tables[:3], 0, "[1 1 1]"},
		"large ones alone":            {[]source.Table{big, tables[0], tables[1], tables[2], big}, 64, "[1 1 2 1]"},
		"what has no rows":            {[]source.Table{empty, tables[0], tables[1], tables[2]}, 64, "[1 2 1]"},
		"one for each who copies":     {tables[:2], 64, "[1 1]"},
		"as many as are quick":        {tables, 64, "[20 20 20]"},
		"as many as the source takes": {tables[:12], 5, "[4 4 4]"},
	} {
		t.Run(name, func(t *testing.T) {
			sizes := []int{}
			for _, group := range groups(c.tables, c.most) {
				sizes = append(sizes, len(group))
			}
			if got := fmt.Sprint(sizes); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

const wordTables, words = 8, 300

// wordy is the shop with small tables, so that several come in each answer.
func wordy() sourcetest.Site {
	site := shop()
	for i := range wordTables {
		name := fmt.Sprintf("wp_words%d", i)
		table := sourcetest.Table{Table: source.Table{
			Name: name, Type: "table", Engine: "InnoDB", Bytes: 16384,
			Create:  "CREATE TABLE `" + name + "` (\n  `w` varchar(200) NOT NULL\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
			Columns: []source.Column{{Name: "w", Kind: source.KindText, Type: "varchar(200)", Charset: "utf8mb4"}},
		}}
		for n := range i * words { // the first has none
			table.Cells = append(table.Cells, []any{home + "/" + strconv.Itoa(n)})
		}
		site.Tables = append(site.Tables, table)
	}
	return site
}

// Whatever happens to an answer with several tables, each of them arrives whole.
func TestSmallTablesInOneAnswer(t *testing.T) {
	server := newServer(t)
	type fault func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter
	several := func(spoil fault) fault { // only what asks for several tables
		return func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
			if r.Body["tables"] == nil {
				return w
			}
			return spoil(r, w)
		}
	}
	instead := func(answer func(*sourcetest.Answer)) fault {
		return several(func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
			answer(r.Answer(w))
			return nil
		})
	}
	end := map[string]any{"complete": true, "cursor": nil}
	for name, c := range map[string]struct {
		spoil   fault
		maxRows int
		single  int // requests for one table, besides those for large cells; negative: some
	}{
		"undisturbed":          {},
		"each goes on":         {maxRows: 500, single: -1},
		"cut at its beginning": {spoil: several(func(_ sourcetest.Request, w http.ResponseWriter) http.ResponseWriter { return sourcetest.Cut(w, 5) }), single: 2 + wordTables},
		"cut within a table": {spoil: several(func(_ sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
			return sourcetest.Cut(w, 70_001)
		}), single: -1},
		"spoiled": {spoil: several(func(_ sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
			return sourcetest.Flip(w, 50_000)
		}), single: -1},
		"refused":                   {spoil: instead(func(a *sourcetest.Answer) { a.Signed('E', sourcetest.Failure("database_error")) }), single: 2 + wordTables},
		"nothing of what was asked": {spoil: instead(func(a *sourcetest.Answer) { a.Signed('E', end) }), single: 2 + wordTables},
		"another table": {spoil: instead(func(a *sourcetest.Answer) {
			a.JSON(map[string]any{"table": "wp_other", "columns": []string{"w"}, "kinds": []string{"text"}})
			a.Signed('C', end)
			a.Signed('E', end)
		}), single: 2 + wordTables},
		"busy": {spoil: several(func(_ sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
			http.Error(w, "later", http.StatusServiceUnavailable)
			return nil
		}), single: 2 + wordTables},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			single := 0
			s := sourcetest.Start(t, wordy())
			s.MaxRows = c.maxRows
			s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
				mu.Lock()
				defer mu.Unlock()
				if r.Text("table") != "" && r.Text("cell") == "" {
					single++
				}
				if c.spoil != nil {
					return c.spoil(r, w)
				}
				return w
			}
			line := importAll(t, s, pod(t, server.Address, works), nil)
			if line.Result != job.ResultOK {
				t.Fatalf("%+v", line)
			}
			if single != c.single && (c.single >= 0 || single == 0) {
				t.Errorf("%d requests for one table, want %d", single, c.single)
			}
			wantWords(t, server)
			wantDatabase(t, open(t, server.Address))
			if different := fmt.Sprint(line.Fidelity["tables_differing"]); different != "[]" {
				t.Error("differing:", different)
			}
		})
	}
}

// A table whose rows are refused once they are all there is asked for anew, also where the source has one place only.
func TestATableThatFailsBehindItsEnd(t *testing.T) {
	server := newServer(t)
	site := wordy()
	for i := range 4 { // in both answers, at their beginning and not
		name := fmt.Sprintf("wp_klingon%d", i)
		table := sourcetest.Table{Table: source.Table{
			Name: name, Type: "table", Engine: "InnoDB", Bytes: 16384,
			Create:  "CREATE TABLE `" + name + "` (\n  `w` varchar(50) COLLATE utf8mb4_klingon_as_ci NOT NULL,\n  PRIMARY KEY (`w`)\n) DEFAULT CHARSET=utf8mb4",
			Columns: []source.Column{{Name: "w", Kind: source.KindText, Type: "varchar(50)", Charset: "utf8mb4"}},
		}, Cells: [][]any{{"Qapla"}, {"qapla"}, {"QAPLA"}}}
		site.Tables = append([]sourcetest.Table{table}, site.Tables...)
	}
	s := sourcetest.Start(t, site)
	s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		if r.Endpoint == "tables" && r.Number <= 2 { // each halves the places
			http.Error(w, "later", http.StatusTooManyRequests)
			return nil
		}
		return w
	}
	line := importAll(t, s, pod(t, server.Address, works), func(j *job.Job) { j.Limits.Seconds = 60 })
	if line.Result != job.ResultOK {
		t.Fatalf("%+v", line)
	}
	wantWords(t, server)
	var words int
	if err := open(t, server.Address).QueryRow("SELECT COUNT(*) FROM wp_klingon0").Scan(&words); err != nil || words != 3 {
		t.Errorf("%d words, %v", words, err)
	}
}

// A source that mixes tables is told so: rows of one would lie in another.
func TestRowsOfAnotherTable(t *testing.T) {
	server := newServer(t)
	header := func(table string) map[string]any {
		return map[string]any{"table": table, "columns": []string{"w"}, "kinds": []string{"text"}}
	}
	row, end := []byte{3, 'x'}, map[string]any{"complete": true, "cursor": nil}
	for name, lie := range map[string]func(a *sourcetest.Answer, asked []any){
		"in its midst": func(a *sourcetest.Answer, asked []any) {
			a.JSON(header(asked[0].(string)))
			a.Frame('D', row)
			a.Signed('C', map[string]any{"cursor": "1"})
			a.JSON(header(asked[1].(string)))
			a.Frame('D', row)
			a.Signed('C', map[string]any{"table": asked[1], "complete": true, "cursor": nil})
		},
		"in one batch": func(a *sourcetest.Answer, asked []any) {
			a.JSON(header(asked[0].(string)))
			a.JSON(header(asked[1].(string)))
			a.Frame('D', row)
			a.Signed('C', map[string]any{"table": asked[0], "complete": true, "cursor": nil})
		},
		"at its end": func(a *sourcetest.Answer, asked []any) {
			a.JSON(header(asked[0].(string)))
			a.Frame('D', row)
			a.Signed('C', map[string]any{"table": asked[1], "complete": true, "cursor": nil})
		},
	} {
		t.Run(name, func(t *testing.T) {
			site := wordy()
			site.Tables = site.Tables[3:] // of the same columns
			s := sourcetest.Start(t, site)
			s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
				asked, several := r.Body["tables"].([]any)
				if !several {
					return w
				}
				a := r.Answer(w)
				lie(a, asked)
				a.Signed('E', end)
				return nil
			}
			wantFailure(t, importAll(t, s, pod(t, server.Address, works), nil), job.SourceInvalid)
		})
	}
}

// Of one table only the answer's end ends it: what is sent behind another would be lost, or come twice.
func TestACheckpointEndsNoTableThatWasAskedForAlone(t *testing.T) {
	server := newServer(t)
	site := wordy()
	site.Tables = site.Tables[:1]
	s := sourcetest.Start(t, site)
	s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		if r.Endpoint == "rows" {
			w.(http.Flusher).Flush()
			a := r.Answer(w)
			a.JSON(map[string]any{"table": "wp_options", "columns": []string{"option_name"}, "kinds": []string{"text"}})
			a.Frame('D', []byte{3, 'x'})
			a.Signed('C', map[string]any{"table": "wp_options", "complete": true, "cursor": nil})
			return nil
		}
		return w
	}
	wantFailure(t, importAll(t, s, pod(t, server.Address, works), nil), job.SourceInvalid)
}

func wantWords(t *testing.T, server *dbServer) {
	t.Helper()
	var counts []string
	for i := range wordTables {
		counts = append(counts, fmt.Sprintf("SELECT %d, COUNT(*), COUNT(DISTINCT w), MIN(w LIKE 'https://acme.clones.test/%%') FROM wp_words%d", i, i))
	}
	rows, err := open(t, server.Address).Query(strings.Join(counts, " UNION ALL ") + " ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var table, count, distinct int
		var rewritten *bool
		if err := rows.Scan(&table, &count, &distinct, &rewritten); err != nil {
			t.Fatal(err)
		}
		if count != table*words || distinct != count || rewritten != nil && !*rewritten {
			t.Errorf("table %d has %d rows, %d of them different", table, count, distinct)
		}
	}
	if err := rows.Err(); err != nil {
		t.Error(err)
	}
}

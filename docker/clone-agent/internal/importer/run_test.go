package importer

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/go-sql-driver/mysql"

	"clonepool.dev/clone-agent/internal/importer/database"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/importer/sourcetest"
	"clonepool.dev/clone-agent/internal/job"
)

const home = "https://shop.example.com"

var large = strings.Repeat(`s:2:"no";`, 10_000) + home

// shop is a small site with what is hard to carry: odd names, odd types, a large cell, a view, a trigger, a drop-in.
func shop() sourcetest.Site {
	text := func(n, t string) string {
		return fmt.Sprintf(`{"name": %q, "kind": "text", "type": %q, "data_type": %q, "charset": "utf8mb4"}`, n, t, strings.Split(t, "(")[0])
	}
	define := func(name, create string, columns ...string) source.Table {
		quoted, _ := json.Marshal(create)
		return sourcetest.Definition(fmt.Sprintf(`{"name": %q, "type": "table", "engine": "MyISAM", "create": %s, "columns": [%s]}`,
			name, quoted, strings.Join(columns, ",")))
	}
	number := `{"name": "id", "kind": "number"}`
	options := define("wp_options", "CREATE TABLE `wp_options` (\n  `id` bigint unsigned NOT NULL AUTO_INCREMENT,\n  `option_name` varchar(191) NOT NULL DEFAULT '',\n"+
		"  `option_value` longtext NOT NULL,\n  `autoload` varchar(20) NOT NULL DEFAULT 'yes',\n  PRIMARY KEY (`id`),\n  UNIQUE KEY `n` (`option_name`)\n"+
		") ENGINE=Aria DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_uca1400_ai_ci PAGE_CHECKSUM=1",
		number, text("option_name", "varchar(191)"), text("option_value", "longtext"), text("autoload", "varchar(20)"))
	odd := define("wp_select `odd`", "CREATE TABLE `wp_select ``odd``` (\n  `order` datetime NOT NULL DEFAULT '0000-00-00 00:00:00',\n  `b` bit(10) DEFAULT NULL,\n"+
		"  `blob` longblob,\n  `j` json DEFAULT NULL,\n  `latin` varchar(40) CHARACTER SET latin1 DEFAULT NULL,\n  `sum` int GENERATED ALWAYS AS (`b` + 1) VIRTUAL\n) ENGINE=InnoDB",
		`{"name": "order", "kind": "temporal"}`, `{"name": "b", "kind": "bit"}`, `{"name": "blob", "kind": "binary", "type": "longblob", "data_type": "longblob"}`,
		`{"name": "j", "kind": "json"}`, `{"name": "latin", "kind": "text", "type": "varchar(40)", "charset": "latin1"}`)
	odd.Triggers = []source.Trigger{{Name: "t", Timing: "BEFORE", Event: "INSERT", Statement: "SET NEW.`latin` = 'fired'", SQLMode: ""}}
	serialized := func(url string) string { return fmt.Sprintf(`a:1:{i:0;s:%d:"%s";}`, len(url), url) }
	return sourcetest.Site{
		Home: home,
		Tables: []sourcetest.Table{
			{Table: options, Cells: [][]any{
				{"1", "siteurl", home, "yes"}, {"2", "home", home, "yes"}, {"3", "blog_public", "1", "yes"},
				{"4", "widget", serialized(home + "/é"), "no"}, {"5", "big", sourcetest.Large(large), "no"},
				{"6", "tricky", "a\tb\nc\\N\x00'\"", "no"}, {"7", "broken", `s:99:"` + home + `";`, "no"}, {"0", "zero", "0", "no"},
			}},
			{Table: odd, Cells: [][]any{
				{"0000-00-00 00:00:00", "513", "\x00\xff\t\n\\", `{"u":"` + home + `"}`, "\xc3\xa9"}, {"2024-02-30 00:00:00", nil, nil, nil, nil},
			}},
			{Table: source.Table{Name: "wp_view", Type: "view", Create: "CREATE DEFINER=`nobody`@`nowhere` VIEW `wp_view` AS select `option_name` AS `n` from `wp_options`"}},
		},
		Roots: []sourcetest.Root{
			{Root: source.Root{Name: "content", Target: "wp-content"}, Records: []sourcetest.Record{{Kind: 'f', Path: "object-cache.php", Text: "<?php die('redis');"}}},
			{Root: source.Root{Name: "uploads", Target: "wp-content/uploads"}, Records: []sourcetest.Record{{Kind: 'f', Path: "a.jpg", Text: strings.Repeat("jpg", 1000)}}},
		},
	}
}

// pod is an Env with a real database and a page instead of Apache.
func pod(t *testing.T, address database.Address, page http.HandlerFunc) Env {
	t.Helper()
	dir := t.TempDir()
	apache := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if order, _ := os.ReadFile(filepath.Join(dir, "smoke-"+r.Header.Get("X-Clone-Smoke"))); len(order) > 0 {
			w.Header().Set("X-Clone-PHP", "8.2.7")
			w.WriteHeader(http.StatusNoContent) // the guard has done what it was asked to
			return
		}
		page(w, r)
	}))
	t.Cleanup(apache.Close)
	env := envIn(dir, address, strings.TrimPrefix(apache.URL, "http://"))
	env.Restore = func(context.Context) error {
		t.Error("the document root was restored")
		return nil
	}
	if err := os.Mkdir(env.Docroot, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(env.PasswordFile, []byte(testPassword+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return env
}

func works(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprint(w, `<title>Shop</title>loginform "namespaces"`)
}

func importAll(t *testing.T, s *sourcetest.Server, env Env, change func(*job.Job)) (last job.Line) {
	t.Helper()
	j := s.Job()
	if change != nil {
		change(&j)
	}
	Run(context.Background(), j, env, func(line job.Line) {
		if last.Final() {
			t.Error("a line follows the last one")
		}
		if text := fmt.Sprintf("%+v", line); strings.Contains(text, j.JobKey) || strings.Contains(text, testPassword) {
			t.Error("a secret is in a line")
		}
		last = line
	}, func(Fetch) {})
	return last
}

func wantFailure(t *testing.T, line job.Line, want job.Code) {
	t.Helper()
	if line.Result != job.ResultFailed || line.Code != want || line.Detail == "" {
		t.Errorf("got %s, %s: %s; want %s", line.Result, line.Code, line.Detail, want)
	}
}

func open(t *testing.T, a database.Address) *sql.DB {
	t.Helper()
	config := mysql.NewConfig()
	config.Net, config.Addr, config.User, config.Passwd, config.DBName = a.Network, a.Host, a.User, testPassword, a.Schema
	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	pool := sql.OpenDB(connector)
	t.Cleanup(func() { pool.Close() })
	return pool
}

func TestImports(t *testing.T) {
	address := startServer(t)
	t.Run("a whole site", func(t *testing.T) { wholeSite(t, address) })
	t.Run("a site that is cut all the time", func(t *testing.T) { cutSite(t, address) })
	t.Run("tables that the clone cannot have", func(t *testing.T) { exoticTables(t, address) })
	t.Run("networks", func(t *testing.T) { networks(t, address) })
	t.Run("failures", func(t *testing.T) { failures(t, address) })
}

func wholeSite(t *testing.T, address database.Address) {
	env := pod(t, address, works)
	if err := os.CopyFS(env.Docroot, fstest.MapFS{"wp-includes/version.php": {Data: []byte("<?php\n$wp_version = '6.7.2';\n")}}); err != nil {
		t.Fatal(err)
	}
	line := importAll(t, sourcetest.Start(t, shop()), env, nil)
	if line.Result != job.ResultOK || line.Phase != job.Done || line.Percent != 100 {
		t.Fatalf("%+v", line)
	}
	for _, phase := range []job.Phase{job.Preflight, job.Database, job.Files, job.Config, job.Smoke, total} {
		if _, ok := line.TimingsMS[phase]; !ok {
			t.Errorf("no time for %s", phase)
		}
	}
	wantDatabase(t, open(t, address))
	wantFidelity(t, line.Fidelity)
	for name, want := range map[string]string{
		"wp-content/object-cache.php.from-source": "<?php die('redis');", "wp-content/uploads/a.jpg": strings.Repeat("jpg", 1000),
	} {
		if got, err := os.ReadFile(filepath.Join(env.Docroot, name)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := os.Stat(filepath.Join(env.Docroot, "wp-config.php")); err != nil {
		t.Error(err)
	}
}

func wantDatabase(t *testing.T, pool *sql.DB) {
	t.Helper()
	const clone = "https://acme.clones.test"
	option := "SELECT option_value FROM wp_options WHERE option_name = "
	for query, want := range map[string]string{
		option + "'home'":        clone,
		option + "'siteurl'":     clone,
		option + "'blog_public'": "0",
		option + "'widget'":      `a:1:{i:0;s:27:"https://acme.clones.test/é";}`,
		option + "'big'":         strings.ReplaceAll(large, home, clone),
		option + "'tricky'":      "a\tb\nc\\N\x00'\"",
		option + "'broken'":      `s:99:"` + clone + `";`,
		"SELECT CONCAT_WS('|', CAST(`order` AS char), HEX(b), HEX(`blob`), HEX(latin)) FROM `wp_select ``odd``` WHERE b IS NOT NULL": "0000-00-00 00:00:00|201|00FF090A5C|C3A9",
		"SELECT JSON_UNQUOTE(JSON_EXTRACT(j, '$.u')) FROM `wp_select ``odd``` WHERE j IS NOT NULL":                                   "https://acme.clones.test",
		"SELECT COUNT(*) FROM `wp_select ``odd``` WHERE b IS NULL AND `blob` IS NULL AND j IS NULL AND latin IS NULL":                "1",
		"SELECT COUNT(*) FROM wp_view":                                                                                     "8",
		"SELECT option_name FROM wp_options WHERE id = 0":                                                                  "zero",
		"SELECT CAST(`order` AS char) FROM `wp_select ``odd``` WHERE b IS NULL":                                            "2024-02-30 00:00:00",
		"SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'wordpress' AND TABLE_NAME LIKE '%pristine%'": "0",
		"SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'wordpress' AND ENGINE <> 'InnoDB'":           "0",
		"SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'wordpress'":                              "1",
	} {
		var got string
		if err := pool.QueryRow(query).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %.80q (%v), want %.80q", query, got, err, want)
		}
	}
}

func wantFidelity(t *testing.T, fidelity map[string]any) {
	t.Helper()
	text, err := json.Marshal(fidelity)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"tables":2`, `"source":10`, `"clone":10`, `"tables_differing":[]`, `"serialized":2`, `"malformed_serialized":1`, `"drop_ins_off":["object-cache.php"]`,
		`"files":2`, `"views_failed":[]`, `"triggers_failed":[]`, `"checksum":"sha256:`,
		`"tables_copied":[{"name":"wp_options","source_rows":8,"clone_rows":8,"sha256":"`, `"tables_unsure":["wp_options","wp_select ` + "`odd`" + `"]`,
		`"php":"8.2.7","wordpress":"6.7.2"}`, `"differ":["wordpress","php","database"]`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
}

func cutSite(t *testing.T, address database.Address) {
	whole := importAll(t, sourcetest.Start(t, shop()), pod(t, address, works), nil)
	s := sourcetest.Start(t, shop())
	s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		if r.Number%3 == 0 || r.Endpoint == "preflight" {
			return w
		}
		return sourcetest.Cut(w, 150*r.Number)
	}
	line := importAll(t, s, pod(t, address, works), nil)
	if line.Result != job.ResultOK {
		t.Fatalf("%+v", line)
	}
	wantDatabase(t, open(t, address))
	if line.Fidelity["checksum"] != whole.Fidelity["checksum"] {
		t.Errorf("checksum %v, uncut %v", line.Fidelity["checksum"], whole.Fidelity["checksum"])
	}
}

func failures(t *testing.T, address database.Address) {
	t.Run("too large", func(t *testing.T) {
		line := importAll(t, sourcetest.Start(t, shop()), pod(t, address, works), func(j *job.Job) { j.Limits.Bytes = 1000 })
		wantFailure(t, line, job.TooLarge)
	})
	t.Run("too large by its own words", func(t *testing.T) {
		site := shop()
		site.Preflight = map[string]any{"bytes_estimate": 1 << 60}
		wantFailure(t, importAll(t, sourcetest.Start(t, site), pod(t, address, works), nil), job.TooLarge)
	})
	t.Run("too many bytes for a volume", func(t *testing.T) {
		for _, facts := range []map[string]any{{"bytes_estimate": 4 << 30}, {"files": map[string]any{"bytes": 4 << 30}}} {
			site := shop()
			site.Preflight = facts
			line := importAll(t, sourcetest.Start(t, site), pod(t, address, works), func(j *job.Job) { j.Limits.Site, j.Limits.Data = 4<<30, 4<<30 })
			wantFailure(t, line, job.TooLarge)
			if !strings.Contains(line.Detail, "larger volumes") {
				t.Error(line.Detail)
			}
		}
	})
	t.Run("too slow", func(t *testing.T) {
		s := sourcetest.Start(t, shop())
		s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
			if r.Endpoint == "preflight" {
				return w
			}
			a := r.Answer(w)
			for range 100 { // alive for ever, as far as this test goes
				a.Frame('K', nil)
				w.(http.Flusher).Flush()
				time.Sleep(50 * time.Millisecond)
			}
			return nil
		}
		wantFailure(t, importAll(t, s, pod(t, address, works), func(j *job.Job) { j.Limits.Seconds = 1 }), job.Timeout)
	})
	badAnswers(t, address)
}

func badAnswers(t *testing.T, address database.Address) {
	t.Run("a table of WordPress that no server takes", func(t *testing.T) {
		site := shop()
		site.Tables[0].Create = "CREATE TABLE `wp_options` (\n  `option_id` int,\n  PRIMARY KEY (`nothing`)\n)"
		wantFailure(t, importAll(t, sourcetest.Start(t, site), pod(t, address, works), nil), job.Incompatible)
	})
	t.Run("a statement that is no table", func(t *testing.T) {
		site := shop()
		site.Tables[1].Create = "GRANT ALL ON *.* TO wordpress"
		wantFailure(t, importAll(t, sourcetest.Start(t, site), pod(t, address, works), nil), job.SourceInvalid)
	})
	t.Run("garbage for rows", func(t *testing.T) {
		s := sourcetest.Start(t, shop())
		s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
			if r.Endpoint != "rows" {
				return w
			}
			a := r.Answer(w)
			a.JSON(map[string]any{"columns": []string{"option_name"}, "kinds": []string{"text"}})
			a.Frame('D', []byte{200, 'x'})
			a.Signed('E', map[string]any{"complete": true, "cursor": nil})
			return nil
		}
		wantFailure(t, importAll(t, s, pod(t, address, works), nil), job.SourceInvalid)
	})
	t.Run("a page that leads to the source", func(t *testing.T) {
		page := func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, home, http.StatusFound) }
		wantFailure(t, importAll(t, sourcetest.Start(t, shop()), pod(t, address, page), nil), job.SmokeFailed)
	})
	t.Run("a network of sites", func(t *testing.T) {
		site := shop()
		site.Preflight = map[string]any{"site": map[string]any{"home": home, "siteurl": home, "multisite": true}}
		wantFailure(t, importAll(t, sourcetest.Start(t, site), pod(t, address, works), nil), job.Incompatible)
	})
	t.Run("no database", func(t *testing.T) {
		gone := address
		gone.Network, gone.Host = "tcp", "127.0.0.1:1" // where nobody listens
		wantFailure(t, importAll(t, sourcetest.Start(t, shop()), pod(t, gone, works), nil), job.DatabaseError)
	})
	t.Run("a wrong key", func(t *testing.T) {
		line := importAll(t, sourcetest.Start(t, shop()), pod(t, address, works), func(j *job.Job) { j.JobKey = strings.Repeat("ab", 32) })
		wantFailure(t, line, job.SourceRefused)
	})
}

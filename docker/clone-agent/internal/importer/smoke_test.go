package importer

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"clonepool.dev/clone-agent/internal/importer/database"
	"clonepool.dev/clone-agent/internal/importer/sourcetest"
	"clonepool.dev/clone-agent/internal/job"
)

// boot is a page that dies like WordPress: by the first file of mu-plugins, active plugins and the theme that is said to.
type boot struct {
	t     *testing.T
	env   *Env
	pool  *sql.DB
	dying []string // below wp-content
	tries int
}

func (b *boot) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.String() == "/" {
		b.tries++
	}
	for _, file := range b.dying {
		if !b.runs(file) {
			continue
		}
		report, _ := json.Marshal(map[string]any{
			"type": 1, "message": "Uncaught Error: not here, " + testPassword + " in " + b.env.Docroot + "/wp-content/" + file + ":3\nStack trace:\n#0 {main}",
			"file": filepath.Join(b.env.Docroot, "wp-content", file), "line": 3,
		})
		if err := os.WriteFile(filepath.Join(b.env.TempDir, "smoke-"+r.Header.Get("X-Clone-Smoke")), report, 0o600); err != nil {
			b.t.Error(err)
		}
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	works(w, r)
}

func (b *boot) runs(file string) bool {
	kind, name, _ := strings.Cut(file, "/")
	if kind == "mu-plugins" {
		_, err := os.Stat(filepath.Join(b.env.Docroot, "wp-content", file))
		return err == nil
	}
	if kind == "elsewhere" {
		return true
	}
	var found int
	folder, _, _ := strings.Cut(name, "/")
	err := b.pool.QueryRow("SELECT COUNT(*) FROM wp_options WHERE option_name IN ('active_plugins', 'template') AND INSTR(option_value, ?) > 0", folder).Scan(&found)
	if err != nil {
		b.t.Error(err)
	}
	return found > 0
}

func dyingShop(plugins ...string) sourcetest.Site {
	s := shop()
	list := fmt.Sprintf("a:%d:{", len(plugins))
	for i, name := range plugins {
		list += fmt.Sprintf(`i:%d;s:%d:"%s";`, i, len(name), name)
	}
	s.Tables[0].Cells = append(s.Tables[0].Cells, [][]any{
		{"10", "active_plugins", list + "}", "yes"}, {"11", "template", "bold", "yes"}, {"12", "stylesheet", "bold-child", "yes"},
	}...)
	s.Roots[0].Records = append(s.Roots[0].Records,
		sourcetest.Record{Kind: 'f', Path: "mu-plugins/must.php", Text: "<?php"},
		sourcetest.Record{Kind: 'f', Path: "themes/twentytwentyfive/style.css", Text: "/* */"})
	return s
}

func importDying(t *testing.T, address database.Address, s sourcetest.Site, dying ...string) (*boot, job.Line) {
	t.Helper()
	b := &boot{t: t, pool: open(t, address), dying: dying}
	env := pod(t, address, b.serve)
	b.env = &env
	return b, importAll(t, sourcetest.Start(t, s), env, nil)
}

func TestWhatDiesIsSwitchedOff(t *testing.T) {
	address := startServer(t)
	t.Run("each kind, once", func(t *testing.T) { switchedOff(t, address) })
	t.Run("what cannot be", func(t *testing.T) { notSwitchedOff(t, address) })
}

func switchedOff(t *testing.T, address database.Address) {
	b, line := importDying(t, address, dyingShop("good/good.php", "bad/bad.php"), "mu-plugins/must.php", "plugins/bad/inc/a.php", "themes/bold/functions.php")
	if line.Result != job.ResultOK || b.tries != 4 {
		t.Fatalf("%+v after %d tries", line, b.tries)
	}
	var names []string
	for _, off := range line.Fidelity["plugins_off"].([]Off) {
		names = append(names, off.Plugin)
		if !strings.HasPrefix(off.Reason, "Uncaught Error: not here, *** in wp-content/") {
			t.Error(off.Reason)
		}
	}
	if want := []string{"mu-plugins/must.php", "plugins/bad/bad.php", "themes/bold"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	var options string
	query := "SELECT GROUP_CONCAT(option_value ORDER BY id SEPARATOR ' ') FROM wp_options WHERE option_name IN ('active_plugins', 'template', 'stylesheet')"
	if err := b.pool.QueryRow(query).Scan(&options); err != nil || options != `a:1:{i:0;s:13:"good/good.php";} twentytwentyfive twentytwentyfive` {
		t.Errorf("%s, %v", options, err)
	}
}

func notSwitchedOff(t *testing.T, address database.Address) {
	many := make([]string, maxRounds+1)
	dying := make([]string, len(many))
	for i := range many {
		many[i] = fmt.Sprintf("bad%d/bad.php", i)
		dying[i] = "plugins/" + many[i]
	}
	bare := dyingShop()
	bare.Roots[0].Records = bare.Roots[0].Records[:1]
	for name, c := range map[string]struct {
		site  sourcetest.Site
		dying []string
		say   string
		tries int
	}{
		"none of theirs":    {dyingShop(), []string{"elsewhere/x.php"}, "in no plugin or theme", 1},
		"too many":          {dyingShop(many...), dying, "after 5 rounds", maxRounds + 1},
		"not an active one": {dyingShop("good/good.php"), []string{"plugins/good.php/bad.php"}, "nothing that could be switched off", 1},
		"no other theme":    {bare, []string{"themes/bold/functions.php"}, "no default theme", 1},
	} {
		t.Run(name, func(t *testing.T) {
			b, line := importDying(t, address, c.site, c.dying...)
			wantFailure(t, line, job.SmokeFailed)
			if !strings.Contains(line.Detail, c.say) || b.tries != c.tries {
				t.Errorf("%s after %d tries", line.Detail, b.tries)
			}
		})
	}
}

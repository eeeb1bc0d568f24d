package site

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const docroot = "/var/www/html"

func parse(t *testing.T, message, file string, secrets ...string) *Fatal {
	t.Helper()
	text, err := json.Marshal(map[string]any{"type": 1, "message": message, "file": file, "line": 7})
	if err != nil {
		t.Fatal(err)
	}
	fatal := ParseFatal(text, docroot, secrets...)
	if fatal == nil {
		t.Fatalf("nothing found in %s", text)
	}
	return fatal
}

func TestTheCulpritIsInTheError(t *testing.T) {
	const content, core = docroot + "/wp-content/", docroot + "/wp-includes/class-wp.php"
	stack := func(files ...string) string {
		text := "Uncaught Error: no in " + core + ":7\nStack trace:\n#0 [internal function]: x()"
		for _, file := range files {
			text += "\n#1 " + file + "(12): call('/etc/passwd', '(3): ')"
		}
		return text + "\n#2 {main}\n  thrown"
	}
	for name, c := range map[string]struct{ message, file, want string }{
		"a plugin":                {"syntax error", content + "plugins/shop/inc/a.php", "plugins/shop/inc/a.php"},
		"a plugin of one file":    {"no", content + "plugins/hello.php", "plugins/hello.php"},
		"a must-use plugin":       {"no", content + "mu-plugins/a.php", "mu-plugins/a.php"},
		"a theme":                 {"no", content + "themes/bold/functions.php", "themes/bold/functions.php"},
		"eval in a plugin":        {"no", content + "plugins/shop/a.php(3) : eval()'d code", "plugins/shop/a.php(3) : eval()'d code"},
		"core, called by a theme": {stack(core, content+"themes/bold/header.php", content+"plugins/shop/a.php"), core, "themes/bold/header.php"},
		"odd names":               {stack(content + "plugins/a (1)/b(2).php"), core, "plugins/a (1)/b(2).php"},
		"core alone":              {stack(core), core, ""},
		"no stack to go by":       {"Allowed memory size of 1 bytes exhausted", core, ""},
		"an upload":               {"no", content + "uploads/evil.php", ""},
		"a way out":               {"no", content + "plugins/../../x.php", ""},
		"another tree":            {"no", "/srv" + content + "plugins/shop/a.php", ""},
	} {
		if got := parse(t, c.message, c.file).Code; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	for _, text := range []string{"", "{", "[]", `{"message": 1}`, `{}`} {
		if fatal := ParseFatal([]byte(text), docroot); fatal != nil {
			t.Errorf("%q: %+v", text, fatal)
		}
	}
}

func TestTheReasonIsShortAndHoldsNoSecret(t *testing.T) {
	file := docroot + "/wp-content/plugins/shop/a.php"
	got := parse(t, "Uncaught Error: no entry\nwith s3cret in "+file+":7\nStack trace:\n#0 "+file+"(7): login('hunter2')\n#1 {main}", file, "", "s3cret").Reason
	if want := "Uncaught Error: no entry with *** in wp-content/plugins/shop/a.php:7"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := parse(t, "no memory", file).Reason; got != "no memory in wp-content/plugins/shop/a.php:7" {
		t.Error(got)
	}
	long := parse(t, strings.Repeat("é", 1000), file).Reason
	if len(long) > maxReason || len(long) < maxReason-1 || strings.Trim(long, "é") != "" {
		t.Errorf("%d bytes: %q", len(long), long)
	}
}

func TestTheSmokeTestHearsOfAnErrorThatThePageHides(t *testing.T) {
	dir := t.TempDir()
	for _, dying := range []string{"/", "/wp-login.php", "/wp-admin/"} {
		_, err := smokeTestIn(t, dir, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/blog"+dying && r.URL.RawQuery == "" {
				report := `{"type": 1, "message": "no", "file": "/var/www/html/wp-content/plugins/shop/a.php", "line": 3}`
				if err := os.WriteFile(filepath.Join(dir, "smoke-"+r.Header.Get(tokenHeader)), []byte(report), 0o600); err != nil {
					t.Error(err)
				}
			}
			_, _ = w.Write([]byte(healthy))
		})
		if fatal := (*Fatal)(nil); !errors.As(err, &fatal) || fatal.Code != "plugins/shop/a.php" {
			t.Errorf("%s: %v", dying, err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%d files are left behind", len(left))
	}
}

// guard runs PHP code behind the guard, as Apache would, and returns what it reports.
func guard(t *testing.T, code, token string) string {
	t.Helper()
	php, err := exec.LookPath("php")
	if err != nil {
		t.Fatal("this test runs the guard: install php-cli")
	}
	dir := t.TempDir()
	prepend, err := filepath.Abs("../../../../wordpress-clone/guard/guard.php")
	if err != nil {
		t.Fatal(err)
	}
	script, report := filepath.Join(dir, "index.php"), filepath.Join(dir, "smoke-"+strings.Repeat("ab", 16))
	for name, text := range map[string]string{script: code, report: ""} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command(php, "-n", "-d", "display_errors=0", "-d", "sys_temp_dir="+dir, "-d", "auto_prepend_file="+prepend, script)
	command.Env = append(os.Environ(), "HTTP_X_CLONE_SMOKE="+token)
	out, _ := command.CombinedOutput() // it dies, as ordered
	if strings.Contains(string(out), "after") {
		t.Errorf("code ran after the error: %s", out)
	}
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("%d files", len(entries))
	}
	return strings.ReplaceAll(string(text), dir, docroot)
}

func TestTheGuardReportsToWhoAskedOnly(t *testing.T) {
	token := strings.Repeat("ab", 16)
	for name, code := range map[string]string{
		"uncaught": `<?php register_shutdown_function(fn () => print('after')); throw new Exception("no \xff");`,
		"parse":    `<?php register_shutdown_function(`,
		"memory":   `<?php ini_set('memory_limit', '4M'); str_repeat('x', 1 << 24);`,
	} {
		fatal := ParseFatal([]byte(guard(t, code, token)), docroot)
		if fatal == nil || !strings.Contains(fatal.Reason, "index.php") || strings.Contains(fatal.Reason, docroot) {
			t.Errorf("%s: %+v", name, fatal)
		}
	}
	if text := guard(t, `<?php @trigger_error('a warning', E_USER_WARNING);`, token); text != "" {
		t.Errorf("no fatal error, but %s", text)
	}
	for _, other := range []string{"", strings.Repeat("cd", 16), token + "\n", "../" + token} {
		if text := guard(t, `<?php throw new Exception('no');`, other); text != "" {
			t.Errorf("%q learns %s", other, text)
		}
	}
}

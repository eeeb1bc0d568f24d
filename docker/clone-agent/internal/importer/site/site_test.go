package site

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/job"
	"clonepool.dev/clone-agent/internal/rewrite"
)

func openRoot(t *testing.T) (*os.Root, string) {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root, dir
}

func TestConfigIsPHPAndHoldsNoPassword(t *testing.T) {
	php, err := exec.LookPath("php")
	if err != nil {
		t.Fatal("this test runs the file: install php-cli")
	}
	root, dir := openRoot(t)
	password := filepath.Join(dir, "db-password")
	if err := os.WriteFile(password, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := Config{
		Database: "wordpress", User: "wordpress", Host: "127.0.0.1:3306", PasswordFile: password, Charset: "utf8mb4",
		Prefix: "wp7_", Home: "https://a.test/b", SiteURL: `https://a.test/'.die(1).'\`, ContentURL: "https://a.test/app",
	}
	if err := c.Write(root); err != nil {
		t.Fatal(err)
	}
	if err := root.WriteFile("wp-settings.php", []byte(`<?php echo json_encode([DB_PASSWORD, $table_prefix, WP_HOME, WP_SITEURL, WP_CACHE, WP_CONTENT_URL]);`), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(php, filepath.Join(dir, "wp-config.php")).CombinedOutput()
	want := `["s3cret","wp7_","https:\/\/a.test\/b","https:\/\/a.test\/'.die(1).'\\",false,"https:\/\/a.test\/app"]`
	if err != nil || string(out) != want {
		t.Errorf("%s (%v), want %s", out, err, want)
	}
	first, _ := c.Text()
	second, _ := c.Text()
	if first == second || strings.Contains(first, "s3cret") {
		t.Error("salts repeat, or the password is in the file")
	}
	c.Prefix = "wp_'; evil"
	if _, err := c.Text(); err == nil {
		t.Error("a strange prefix is accepted")
	}
}

func TestDropInsAreSetAside(t *testing.T) {
	root, dir := openRoot(t)
	for _, name := range []string{"wp-content/object-cache.php", "wp-content/db.php", "wp-content/index.php", ".maintenance"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	aside, err := SetAside(root)
	if err != nil || !slices.Equal(aside, []string{"db.php", "object-cache.php"}) {
		t.Fatalf("%v, %v", aside, err)
	}
	left, _ := os.ReadDir(filepath.Join(dir, "wp-content"))
	for _, entry := range left {
		if strings.HasSuffix(entry.Name(), ".php") && entry.Name() != "index.php" {
			t.Errorf("%s can still run", entry.Name())
		}
	}
	if _, err := os.Stat(filepath.Join(dir, ".maintenance")); err == nil {
		t.Error("the clone is under maintenance")
	}
}

func TestPathsOfASite(t *testing.T) {
	cases := []struct {
		home, siteURL, content string
		roots                  []string
		other                  string
	}{
		{"https://a.test", "https://a.test", "https://a.test/wp-content", nil, ""},
		{"https://a.test/blog/", "https://a.test/blog", "https://a.test/blog/wp-content", []string{"blog"}, ""},
		{"https://a.test", "https://a.test/wp", "https://a.test/wp/wp-content", []string{"wp"}, ""},
		{"https://a.test", "https://a.test/wp", "https://a.test/app", []string{"wp"}, "app"},
	}
	for _, c := range cases {
		if roots, other := Paths(c.home, c.siteURL, c.content); !slices.Equal(roots, c.roots) || other != c.other {
			t.Errorf("%+v: %v, %q", c, roots, other)
		}
	}
}

func TestLinks(t *testing.T) {
	root, dir := openRoot(t)
	if err := root.WriteFile("index.php", []byte("front"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := root.Mkdir("taken", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"blog", "a/b/c", "taken", "", "blog"} {
		if err := Link(root, name, "."); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"blog", "a/b/c"} {
		if text, err := os.ReadFile(filepath.Join(dir, name, "index.php")); err != nil || string(text) != "front" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if info, err := os.Lstat(filepath.Join(dir, "taken")); err != nil || !info.IsDir() {
		t.Error("what the site has itself was replaced")
	}
}

const healthy = `<title>Shop</title> <a href="https://acme.clones.test/x">x</a> loginform "namespaces"`

func smokeTest(t *testing.T, handler http.HandlerFunc) ([]string, error) {
	t.Helper()
	return smokeTestIn(t, t.TempDir(), handler)
}

func TestCompiledCodeIsForgottenFirst(t *testing.T) {
	dir := t.TempDir()
	var orders []string
	answer := func(status int, location string) *Smoke {
		orders = nil
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			order, err := os.ReadFile(filepath.Join(dir, "smoke-"+r.Header.Get(tokenHeader)))
			orders = append(orders, string(order))
			if err != nil || r.URL.Path == "/wp-login.php" && location != "" {
				w.Header().Set("Location", location)
				w.WriteHeader(http.StatusFound)
				return
			}
			w.Header().Set(phpHeader, "8.4.16")
			w.WriteHeader(status)
		}))
		t.Cleanup(server.Close)
		return &Smoke{Address: strings.TrimPrefix(server.URL, "http://"), SiteURL: "https://acme.clones.test", TempDir: dir}
	}
	for coreIsImages, order := range map[bool]string{false: forget, true: forgetContent} {
		for _, location := range []string{"", "https://acme.clones.test/login/"} {
			php, err := answer(204, location).ForgetCode(context.Background(), coreIsImages)
			if err != nil || php != "8.4.16" || orders[0] != order {
				t.Errorf("%s, %v, %q", php, err, orders)
			}
		}
	}
	for _, s := range []*Smoke{answer(200, ""), answer(204, "https://elsewhere.test/"), answer(204, "/wp-login.php")} {
		_, err := s.ForgetCode(context.Background(), false)
		if code, _ := failure.Of(err); code != job.SmokeFailed {
			t.Errorf("%s", code)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestTheVersionIsThatOfTheFiles(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := os.Mkdir(filepath.Join(dir, "wp-includes"), 0o755); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"<?php\n/** $wp_version = 'x'; */\n$wp_version = '6.8.3';\n$wp_db_version = 1;": "6.8.3",
		"<?php\n\t$wp_version=\"7.0-beta1\";":                                           "7.0-beta1", "<?php": "", "<?php $wp_version = '" + strings.Repeat("9", 100) + "';": "",
	} {
		if err := os.WriteFile(filepath.Join(dir, "wp-includes/version.php"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := Version(root); got != want {
			t.Errorf("%q of %q", got, text)
		}
	}
}

func smokeTestIn(t *testing.T, tempDir string, handler http.HandlerFunc) ([]string, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	r, err := rewrite.New(rewrite.Mapping{Sources: []string{"https://shop.example.com"}, Target: "https://acme.clones.test"})
	if err != nil {
		t.Fatal(err)
	}
	s := Smoke{Address: strings.TrimPrefix(server.URL, "http://"), Home: "https://acme.clones.test/blog", SiteURL: "https://acme.clones.test/blog", Rewriter: r, TempDir: tempDir, Docroot: docroot}
	return s.Run(context.Background())
}

func TestSmokeAsksAsTheIngressDoes(t *testing.T) {
	var paths []string
	warnings, err := smokeTest(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "acme.clones.test" || r.Header.Get("X-Forwarded-Proto") != "https" {
			t.Errorf("%s by %s", r.Host, r.Header.Get("X-Forwarded-Proto"))
		}
		paths = append(paths, r.URL.String())
		_, _ = w.Write([]byte(healthy))
	})
	if want := []string{"/blog/", "/blog/wp-login.php", "/blog/wp-admin/", "/blog/?rest_route=/"}; err != nil || len(warnings) > 0 || !slices.Equal(paths, want) {
		t.Errorf("%v, %v, %v", paths, warnings, err)
	}
}

func TestSmokeFindsWhatIsBroken(t *testing.T) {
	say := func(status int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(text))
		}
	}
	redirect := func(to string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
	}
	for name, handler := range map[string]http.HandlerFunc{
		"a server error":    say(500, healthy),
		"a fatal error":     say(200, healthy+"<br /><b>Fatal error</b>: Uncaught Error"),
		"no database":       say(200, "<h1>Error establishing a database connection</h1>"),
		"off to the source": redirect("https://shop.example.com/"),
		"a circle":          redirect("/blog/"),
	} {
		_, err := smokeTest(t, handler)
		if code, _ := failure.Of(err); code != job.SmokeFailed {
			t.Errorf("%s: %v", name, err)
		}
	}
	if warnings, err := smokeTest(t, say(200, "plain")); err != nil || len(warnings) != 2 {
		t.Errorf("%v, %v", warnings, err)
	}
	link := say(200, healthy+`<a href="https:\/\/www.shop.example.com\/">`)
	if warnings, err := smokeTest(t, link); err != nil || !strings.Contains(strings.Join(warnings, "\n"), "address of the source") {
		t.Errorf("the source's link: %v, %v", warnings, err)
	}
}

package site

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPermalinks(t *testing.T) {
	const own = "Options -Indexes\n"
	network := &Network{Domain: "acme.clones.test", Path: "/blog/"}
	for name, c := range map[string]struct {
		present string // "": no file
		network *Network
		want    []string
	}{
		"a site without the file":          {"", nil, []string{"RewriteBase /\n", "RewriteRule . /index.php [L]"}},
		"a site with it":                   {own, nil, []string{own}},
		"a network without it":             {"", network, []string{"RewriteBase /blog/\n", "RewriteRule . /blog/index.php [L]", networkMark}},
		"a network whose file lacks it":    {own, network, []string{networkMark, own}},
		"a network whose file has it, too": {own + "RewriteRule ^(wp-(content|admin|includes).*) $1 [L]\n", network, []string{own}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, ".htaccess")
			if c.present != "" {
				if err := os.WriteFile(path, []byte(c.present), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			root, err := os.OpenRoot(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			if err := Permalinks(root, c.network); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(path)
			if err != nil || strings.Count(string(text), networkMark) > 1 {
				t.Errorf("%s, %v", text, err)
			}
			for _, want := range c.want {
				if !strings.Contains(string(text), want) {
					t.Errorf("no %q in %s", want, text)
				}
			}
		})
	}
}

func TestANetworksPathIsNoCode(t *testing.T) {
	for path, sound := range map[string]bool{"/": true, "/a/b-c/": true, "": false, "/a": false, "/');evil('/": false, "/a/ b/": false} {
		c := Config{Prefix: "wp_", Network: &Network{Path: path}}
		if _, err := c.Text(); (err == nil) != sound {
			t.Errorf("%q: %v", path, err)
		}
	}
}

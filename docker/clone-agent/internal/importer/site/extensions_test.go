package site

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWhoseAFileIs(t *testing.T) {
	for _, c := range []struct {
		file, name string
		of         func(file, name string) bool
		want       bool
	}{
		{"plugins/shop/inc/a.php", "shop/shop.php", OfPlugin, true},
		{"plugins/shop-2/a.php", "shop/shop.php", OfPlugin, false},
		{"plugins/hello.php", "hello.php", OfPlugin, true},
		{"plugins/hello.php/a.php", "hello.php", OfPlugin, false},
		{"mu-plugins/shop/a.php", "shop/shop.php", OfPlugin, false},
		{"themes/bold/a.php", "bold", OfTheme, true},
		{"themes/group/bold/a.php", "group/bold", OfTheme, true},
		{"themes/bold-child/a.php", "bold", OfTheme, false},
		{"themes/bold/a.php", "", OfTheme, false},
	} {
		if c.of(c.file, c.name) != c.want {
			t.Errorf("%s of %s: not %v", c.file, c.name, c.want)
		}
	}
}

func TestMustUsePluginsAreSetAsideOnce(t *testing.T) {
	root, dir := openRoot(t)
	for _, name := range []string{"a.php", "loader/inc/b.php"} {
		file := filepath.Join(dir, "wp-content", MustUse, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range [][2]string{
		{"mu-plugins/a.php", "mu-plugins/a.php"}, {"mu-plugins/a.php", ""}, {"mu-plugins/loader/inc/b.php", "mu-plugins/loader"},
		{"plugins/a.php", ""},
	} {
		if name, err := SetMustUseAside(root, c[0]); err != nil || name != c[1] {
			t.Errorf("%s: %q, %v", c[0], name, err)
		}
	}
	for _, name := range []string{"a.php.from-source", "loader.from-source/inc/b.php"} {
		if _, err := os.Stat(filepath.Join(dir, "wp-content", MustUse, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestTheNewestDefaultThemeThatIsNotRefused(t *testing.T) {
	root, dir := openRoot(t)
	for _, name := range []string{"twentytwentyfive", "twentytwenty", "bold"} {
		theme := filepath.Join(dir, "wp-content", Themes, name)
		if err := os.MkdirAll(theme, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(theme, "style.css"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	refused := map[string]bool{}
	for _, want := range []string{"twentytwentyfive", "twentytwenty", ""} {
		got := DefaultTheme(root, func(name string) bool { return refused[name] })
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
		refused[got] = true
	}
}

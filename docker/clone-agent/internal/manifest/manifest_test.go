package manifest

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// plant makes a small tree with names that a text format could stumble over.
func plant(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"index.php":                 "<?php",
		"a b/new\nline":             "1",
		"a b/per%cent":              "22",
		"a-b/ü":                     "333",
		"deep/er/\xff\xfe.jpg":      "no UTF-8",
		strings.Repeat("n", 255):    "long",
		"wp-content/uploads/.empty": "",
		"#innodb_redo/before .":     "",
	} {
		path := filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(content), 0o644))
	}
	must(t, os.Symlink("../index.php", filepath.Join(dir, "deep/link to")))
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func compare(t *testing.T, m *Manifest, dir string) []string {
	t.Helper()
	root, err := os.OpenRoot(dir)
	must(t, err)
	defer root.Close()
	differences, err := m.Compare(root)
	must(t, err)
	var found []string
	for _, d := range differences {
		found = append(found, d.String())
	}
	return found
}

func TestATreeEqualsItsOwnManifestThroughItsText(t *testing.T) {
	dir := plant(t)
	made, err := Of(dir)
	must(t, err)
	var text bytes.Buffer
	_, err = made.WriteTo(&text)
	must(t, err)
	read, err := Parse(&text)
	must(t, err)
	if read.Digest() != made.Digest() {
		t.Error("the text read back is another manifest")
	}
	if found := compare(t, read, dir); len(found) > 0 {
		t.Errorf("differences in an unchanged tree: %q", found)
	}
}

func TestEveryKindOfChangeIsFound(t *testing.T) {
	cases := []struct {
		name   string
		change func(dir string) error
		want   string
	}{
		{"extra file", func(d string) error { return os.WriteFile(d+"/shell.php", nil, 0o644) }, "extra shell.php"},
		{"extra tree is named once", func(d string) error { return os.MkdirAll(d+"/x/y/z", 0o755) }, "extra x"},
		{"missing file", func(d string) error { return os.Remove(d + "/index.php") }, "missing index.php"},
		{"same size and time, another content", forge, "changed index.php: another content"},
		{"mode", func(d string) error { return syscall.Chmod(d+"/index.php", 0o4755) }, "changed index.php: mode 4755, not 0644"},
		{"mode of a directory", func(d string) error { return os.Chmod(d+"/deep", 0o777) }, "changed deep: mode 0777, not 0755"},
		{"mode of the root", func(d string) error { return os.Chmod(d, 0o777) }, "changed .: mode 0777, not 0755"},
		{"link target", func(d string) error { return relink(d+"/deep/link to", "/etc/passwd") }, "changed deep/link%20to: another link target"},
		{"file behind a link of its name", func(d string) error { return relink(d+"/index.php", "deep/link to") }, "changed index.php: type l, not f"},
		{"FIFO", func(d string) error { return syscall.Mkfifo(d+"/fifo", 0o644) }, "extra fifo"},
		{"FIFO in place of a file", func(d string) error {
			return firstError(os.Remove(d+"/index.php"), syscall.Mkfifo(d+"/index.php", 0o644))
		}, "changed index.php: type ?, not f"},
		{"odd name", func(d string) error { return os.WriteFile(d+"/a b/\x01 %", nil, 0o644) }, "extra a%20b/%01%20%25"},
		{"extended attribute", func(d string) error { return syscall.Setxattr(d+"/index.php", "user.x", []byte("1"), 0) }, "changed index.php: has extended attributes"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := plant(t)
			must(t, os.Chmod(dir, 0o755))
			m, err := Of(dir)
			must(t, err)
			if err := c.change(dir); err == syscall.ENOTSUP {
				t.Skip("the file system has no such thing")
			} else {
				must(t, err)
			}
			if found := compare(t, m, dir); len(found) != 1 || found[0] != c.want {
				t.Errorf("found %q, want %q", found, c.want)
			}
		})
	}
}

// forge changes a file and puts its size and times back.
func forge(dir string) error {
	path := dir + "/index.php"
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return firstError(os.WriteFile(path, []byte("<?PHP"), 0o644), os.Chtimes(path, time.Time{}, info.ModTime()))
}

func relink(path, target string) error { return firstError(os.Remove(path), os.Symlink(target, path)) }

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestAManifestThatNobodyWroteIsRefused(t *testing.T) {
	const root = "d 0755 0 - .\n"
	digest := strings.Repeat("0", 64)
	for name, text := range map[string]string{
		"empty":            "",
		"no root":          "d 0755 0 - a\n",
		"unsorted":         root + "d 0755 0 - b\nd 0755 0 - a\n",
		"twice":            root + "d 0755 0 - a\nd 0755 0 - a\n",
		"leaves the root":  root + "f 0644 0 " + digest + " a/../../b\n",
		"absolute":         root + "f 0644 0 " + digest + " /etc/passwd\n",
		"too few fields":   root + "f 0644 0 a\n",
		"no digest":        root + "f 0644 0 abc a\n",
		"unknown type":     root + "c 0644 0 - a\n",
		"mode too large":   root + "d 17777 0 - a\n",
		"negative size":    root + "f 0644 -1 " + digest + " a\n",
		"broken encoding":  root + "d 0755 0 - a%2\n",
		"NUL in the path":  root + "d 0755 0 - a%00\n",
		"directory of sth": root + "d 0755 0 " + digest + " a\n",
	} {
		if _, err := Parse(strings.NewReader(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestDevicesCannotBeDescribed(t *testing.T) {
	dir := t.TempDir()
	must(t, syscall.Mkfifo(dir+"/fifo", 0o644))
	if _, err := Of(dir); err == nil || !strings.Contains(err.Error(), "fifo") {
		t.Errorf("error %v, want one that names the FIFO", err)
	}
}

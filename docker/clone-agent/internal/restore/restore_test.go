package restore

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"clonepool.dev/clone-agent/internal/manifest"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pristine makes a source tree and its manifest.
func pristine(t *testing.T) (string, *manifest.Manifest) {
	t.Helper()
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o755))
	for name, content := range map[string]string{
		"index.php": "<?php", "wp-admin/a.php": "a", "wp-content/plugins/p/p.php": "p", "wp-content/index.php": "",
	} {
		path := filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(content), 0o644))
	}
	must(t, os.Symlink("a.php", dir+"/wp-admin/link.php"))
	must(t, os.MkdirAll(dir+"/wp-content/readonly", 0o755))
	must(t, os.Chmod(dir+"/wp-content/readonly", 0o555))
	m, err := manifest.Of(dir)
	must(t, err)
	return dir, m
}

func restored(t *testing.T, dir, source string, m *manifest.Manifest) {
	t.Helper()
	_, err := Tree(context.Background(), dir, source, m)
	must(t, err)
	now, err := manifest.Of(dir)
	must(t, err)
	if now.Digest() != m.Digest() {
		root, _ := os.OpenRoot(dir)
		differences, _ := m.Compare(root)
		t.Errorf("not restored: %v", differences)
	}
}

func TestAnEmptyVolumeIsFilled(t *testing.T) {
	source, m := pristine(t)
	restored(t, filepath.Join(t.TempDir(), "html"), source, m)
}

func TestARestoredTreeNeedsNothing(t *testing.T) {
	source, m := pristine(t)
	dir := filepath.Join(t.TempDir(), "html")
	restored(t, dir, source, m)
	touched, err := Tree(context.Background(), dir, source, m)
	must(t, err)
	if touched != 0 {
		t.Errorf("touched %d objects of a clean tree", touched)
	}
}

func TestWhatASiteLeftIsUndone(t *testing.T) {
	outside := t.TempDir()
	must(t, os.WriteFile(outside+"/precious", []byte("precious"), 0o600))
	tricks := map[string]func(dir string) error{
		"changed file":              func(d string) error { return os.WriteFile(d+"/index.php", []byte("<?PHP"), 0o644) },
		"extra tree":                func(d string) error { return os.MkdirAll(d+"/a/b/c", 0o755) },
		"closed extra tree":         closedTree,
		"closed directory":          func(d string) error { return os.Chmod(d+"/wp-content", 0) },
		"file without rights":       func(d string) error { return os.Chmod(d+"/index.php", 0) },
		"directory behind a link":   func(d string) error { return swap(d+"/wp-content", outside) },
		"file behind a link":        func(d string) error { return swap(d+"/index.php", outside+"/precious") },
		"the docroot itself a link": func(d string) error { return swap(d, outside) },
		"the docroot itself a file": func(d string) error { return swapFile(d) },
		"directory in place of file": func(d string) error {
			return firstError(os.Remove(d+"/index.php"), os.MkdirAll(d+"/index.php/x", 0o755))
		},
		"file in place of directory": func(d string) error { return swapFile(d + "/wp-admin") },
		"link in place of a link":    func(d string) error { return swap(d+"/wp-admin/link.php", "/etc/passwd") },
		"socket":                     func(d string) error { return syscall.Mknod(d+"/wp-admin/s", syscall.S_IFSOCK|0o600, 0) },
		"FIFO in place of a file": func(d string) error {
			return firstError(os.Remove(d+"/index.php"), syscall.Mkfifo(d+"/index.php", 0o600))
		},
		"attributes of a directory": func(d string) error { return noted(syscall.Setxattr(d+"/wp-admin", "user.x", []byte("1"), 0)) },
		"attributes of a file":      func(d string) error { return noted(syscall.Setxattr(d+"/index.php", "user.x", []byte("1"), 0)) },
		"hard link to a file":       func(d string) error { return os.Link(d+"/index.php", d+"/second") },
		"nothing left":              os.RemoveAll,
	}
	for name, trick := range tricks {
		t.Run(name, func(t *testing.T) {
			source, m := pristine(t)
			dir := filepath.Join(t.TempDir(), "html")
			restored(t, dir, source, m)
			must(t, trick(dir))
			restored(t, dir, source, m)
			if content, err := os.ReadFile(outside + "/precious"); err != nil || string(content) != "precious" {
				t.Errorf("followed a link out of the docroot: %q, %v", content, err)
			}
		})
	}
}

func closedTree(dir string) error {
	return firstError(os.MkdirAll(dir+"/a/b/c", 0o755), os.Chmod(dir+"/a/b", 0), os.Chmod(dir+"/a", 0))
}

func swap(path, target string) error {
	return firstError(os.RemoveAll(path), os.Symlink(target, path))
}

func swapFile(path string) error {
	return firstError(os.RemoveAll(path), os.WriteFile(path, nil, 0o644))
}

// noted takes it as success that a file system has no extended attributes: then nothing can be left in them.
func noted(err error) error {
	if err == syscall.ENOTSUP {
		return nil
	}
	return err
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestTimesThatASiteSetAreGone(t *testing.T) {
	source, m := pristine(t)
	dir := filepath.Join(t.TempDir(), "html")
	restored(t, dir, source, m)
	root, err := os.OpenRoot(dir)
	must(t, err)
	defer root.Close()
	for _, name := range []string{"index.php", "wp-admin", "."} {
		message := time.Unix(1_234_567_890, 987_654_321)
		must(t, os.Chtimes(filepath.Join(dir, name), message, message))
		if found, err := m.CompareTimed(root); err != nil || len(found) != 1 || !strings.Contains(found[0].Detail, "modified 1234567890.987654321") {
			t.Errorf("%s: found %v, %v", name, found, err)
		}
		restored(t, dir, source, m)
		if found, err := m.CompareTimed(root); err != nil || len(found) > 0 {
			t.Errorf("%s: after the restore %v, %v", name, found, err)
		}
	}
}

func TestWipeRemovesTreesDeeperThanDescriptorsAndPathsReach(t *testing.T) {
	dir := t.TempDir()
	home, err := os.Getwd()
	must(t, err)
	defer func() { must(t, os.Chdir(home)) }()
	must(t, os.Chdir(dir))
	for range 3000 { // a path of 36,000 bytes; PATH_MAX is 4,096
		must(t, syscall.Mkdir("nested-dir-x", 0o755))
		must(t, syscall.Mknod("file", syscall.S_IFREG|0o644, 0))
		must(t, syscall.Chdir("nested-dir-x")) // os.Chdir would work out each long name
	}
	must(t, os.Chdir(home))
	must(t, Wipe(context.Background(), dir))
	left, err := os.ReadDir(dir)
	must(t, err)
	if len(left) > 0 {
		t.Errorf("%d objects left", len(left))
	}
}

func TestWipeKeepsWhatItShall(t *testing.T) {
	dir := t.TempDir()
	must(t, os.MkdirAll(dir+"/html/x", 0o755))
	must(t, os.MkdirAll(dir+"/.trash-1/x", 0o755)) // of a wipe that was interrupted
	must(t, os.WriteFile(dir+"/.generation", nil, 0o644))
	must(t, os.Symlink("/etc", dir+"/etc"))
	must(t, Wipe(context.Background(), dir, "html"))
	left, err := filepath.Glob(dir + "/*")
	must(t, err)
	if len(left) != 1 || !strings.HasSuffix(left[0], "/html") {
		t.Errorf("left %q, want html only", left)
	}
}

func TestACancelledRestoreSaysSo(t *testing.T) {
	source, m := pristine(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Tree(ctx, filepath.Join(t.TempDir(), "html"), source, m); err == nil {
		t.Error("a cancelled restore said that it was done")
	}
}

// writable is a place that stays, as a pod's volumes are: everybody's to write and, without privileges, root's own.
func writable(t *testing.T) (place string, made time.Time) {
	t.Helper()
	if place = os.Getenv(placeOfRoot); place == "" {
		place = t.TempDir()
		must(t, os.Chmod(place, 0o777))
	}
	must(t, syscall.Setxattr(place, "user.note", []byte("a message"), 0))
	time.Sleep(20 * time.Millisecond) // the clock of file systems is a little behind
	return place, time.Now().Add(-10 * time.Millisecond)
}

func attached(t *testing.T, place string) bool {
	t.Helper()
	f, err := os.Open(place)
	must(t, err)
	defer f.Close()
	return manifest.HasForeignAttributes(f)
}

func TestWhatIsAttachedToAPlaceThatStaysIsGone(t *testing.T) {
	place, made := writable(t)
	if !attached(t, place) {
		t.Fatal("the attribute was not seen")
	}
	must(t, Wipe(context.Background(), place))
	info, err := os.Stat(place)
	must(t, err)
	if attached(t, place) || info.ModTime().Before(made) {
		t.Errorf("attributes %v, modified %v", attached(t, place), info.ModTime())
	}
}

func TestAnEmptiedFileCarriesNothing(t *testing.T) {
	place, made := writable(t)
	file := filepath.Join(place, "termination-log")
	must(t, os.WriteFile(file, []byte("a message"), 0o666))
	must(t, syscall.Setxattr(file, "user.note", []byte("another"), 0))
	must(t, empty(file))
	info, err := os.Stat(file)
	must(t, err)
	if info.Size() > 0 || attached(t, file) || info.ModTime().Before(made) {
		t.Errorf("size %d, attributes %v, modified %v", info.Size(), attached(t, file), info.ModTime())
	}
}

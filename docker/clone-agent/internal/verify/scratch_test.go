package verify

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"clonepool.dev/clone-agent/internal/layout"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// entryOf makes an object in a directory that is taken for one of the scratch directories.
func entryOf(t *testing.T, make func(path string) error, name string) os.DirEntry {
	t.Helper()
	dir := t.TempDir()
	must(t, make(filepath.Join(dir, name)))
	entries, err := os.ReadDir(dir)
	must(t, err)
	return entries[len(entries)-1]
}

func listen(path string) error {
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err == nil {
		listener.SetUnlinkOnClose(false)
		err = listener.Close()
	}
	return err
}

func holding(text string) func(string) error {
	return func(path string) error { return os.WriteFile(path, []byte(text), 0o600) }
}

func TestWhatMayLieInAScratchDirectory(t *testing.T) {
	restored := time.Now().Add(-time.Minute)
	twice := func(path string) error {
		must(t, os.WriteFile(path, []byte("1"), 0o600))
		return os.Link(path, filepath.Join(filepath.Dir(path), "a-link"))
	}
	for name, c := range map[string]struct {
		dir, role, file string
		make            func(string) error
		restored        time.Time
		expected        string
	}{
		"the agent's socket":           {layout.RunDir, "wordpress", "agent.sock", listen, restored, ""},
		"Apache's pid":                 {layout.RunDir, "wordpress", "apache2.pid", holding("20\n"), restored, ""},
		"MySQL's pid":                  {layout.RunDir, "mysql", "mysqld.pid", holding("20\n"), restored, ""},
		"a message in a pid file":      {layout.RunDir, "wordpress", "apache2.pid", holding("20\nthe password is"), restored, "18 bytes"},
		"a file called like a socket":  {layout.RunDir, "wordpress", "agent.sock", holding(""), restored, "not the server's own"},
		"a directory like a pid file":  {layout.RunDir, "wordpress", "apache2.pid", func(p string) error { return os.Mkdir(p, 0o700) }, restored, "not the server's own"},
		"a pid file with another name": {layout.RunDir, "wordpress", "apache2.pid", twice, restored, "not the server's own"},
		"one from before the restore":  {layout.RunDir, "wordpress", "apache2.pid", holding("20\n"), time.Now().Add(time.Minute), "older than the reset"},
		"MySQL's name beside Apache":   {layout.RunDir, "wordpress", "mysqld.pid", holding("20\n"), restored, "extra"},
		"a known name in /tmp":         {layout.TempDir, "wordpress", "apache2.pid", holding("20\n"), restored, "extra"},
		"a session":                    {layout.TempDir, "wordpress", "sess_1", holding(""), restored, "extra"},
		"the hooks of a test build":    {layout.RunDir, "wordpress", ".leakhooks", holding(""), restored, "extra"},
	} {
		why := unwelcome(c.dir, entryOf(t, c.make, c.file), c.role, c.restored)
		if (c.expected == "") != (why == "") || !strings.Contains(why, c.expected) {
			t.Errorf("%s: %q, want %q", name, why, c.expected)
		}
	}
}

func TestKeysAreOutOfReachOnlyIfEveryCallIsRefused(t *testing.T) {
	refused := map[string]syscall.Errno{"keyctl": syscall.EPERM, "add_key": syscall.ENOSYS}
	if found := reachable(refused); len(found) > 0 {
		t.Errorf("refused, and yet %q", found)
	}
	for _, errno := range []syscall.Errno{0, syscall.EFAULT, syscall.EINVAL, syscall.ENOKEY} {
		if found := reachable(map[string]syscall.Errno{"keyctl": syscall.EPERM, "add_key": errno}); len(found) != 1 {
			t.Errorf("add_key answers %d: %q", errno, found)
		}
	}
}

func TestOnlyPlacesThatARestoreEmptiesMayBeWritable(t *testing.T) {
	for place, expected := range map[string]bool{
		"/var/www": true, "/tmp": true, "/run/clone": true, "/dev/shm": true, "/dev/mqueue": true, "/dev/termination-log": true,
		"/proc/kcore": true, "/sys/fs/cgroup": true,
		"/var/www/html": false, "/var/lib/mysql": false, "/cache": false, "/": false, "/dev": false,
	} {
		if cleaned("wordpress", place) != expected {
			t.Errorf("wordpress: %s: %v", place, !expected)
		}
	}
	if !cleaned("mysql", "/var/lib/mysql") || cleaned("mysql", "/var/www") {
		t.Error("mysql: its volume is not its own")
	}
}

func TestWhatMySQLMakesItself(t *testing.T) {
	for _, name := range []string{
		"auto.cnf", "ibtmp1", "undo_001", "#innodb_redo", "#innodb_redo/#ib_redo12", "#innodb_redo/#ib_redo13_tmp", "#innodb_temp/temp_1.ibt",
	} {
		if !madeByServer.MatchString(name) {
			t.Errorf("%s is taken for a stranger's", name)
		}
	}
	for _, name := range []string{
		"mysqld-auto.cnf", "canary", "wordpress/canary.ibd", "undo_003", "undo_001.ibu", "#innodb_redo/x", "auto.cnf/x", "binlog.000001", "x/auto.cnf",
	} {
		if madeByServer.MatchString(name) {
			t.Errorf("%s is taken for the server's", name)
		}
	}
}

func TestAMountTableIsRead(t *testing.T) {
	if check := mounts("wordpress"); check.Count == 0 {
		t.Errorf("no mounts: %s", fmt.Sprint(check.Findings))
	}
}

func TestAPlaceThatStaysMayCarryNothing(t *testing.T) {
	dir := t.TempDir()
	long := time.Now().Add(-time.Hour)
	if why := touchedPlace(dir, long); why != "" {
		t.Errorf("a clean one: %s", why)
	}
	if why := touchedPlace(filepath.Join(dir, "missing"), long); why != "" {
		t.Errorf("a missing one: %s", why)
	}
	if why := touchedPlace(dir, time.Now().Add(time.Hour)); why != "not touched since the kill" {
		t.Errorf("one with an old time: %q", why)
	}
	must(t, syscall.Setxattr(dir, "user.note", []byte("1"), 0))
	if why := touchedPlace(dir, long); why != "has extended attributes" {
		t.Errorf("one with an attribute: %q", why)
	}
}

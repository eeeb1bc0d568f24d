package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const docroot = volume + "/html"

// tree makes the document root as hard to restore as its owner can.
func tree() any {
	done := map[string]bool{}
	note := func(what string, errs ...error) {
		done[what] = true
		for _, err := range errs {
			done[what] = done[what] && err == nil
		}
	}
	closed := docroot + "/closed/a/b"
	note("closed", os.MkdirAll(closed, 0o755), os.WriteFile(closed+"/c", nil, 0), os.Chmod(closed, 0), os.Chmod(docroot+"/closed", 0))
	note("deep", nest(docroot, 2000))
	note("links", os.Rename(docroot+"/wp-includes", docroot+"/includes"), os.Symlink("/etc", docroot+"/wp-includes"))
	note("file for a folder", os.Rename(docroot+"/wp-admin", docroot+"/admin"), os.WriteFile(docroot+"/wp-admin", nil, 0o644))
	note("folder for a file", os.Remove(docroot+"/wp-login.php"), os.MkdirAll(docroot+"/wp-login.php/x", 0o755))
	note("hard link", os.Link(docroot+"/wp-load.php", docroot+"/second.php"))
	note("FIFO", os.Remove(docroot+"/wp-cron.php"), syscall.Mkfifo(docroot+"/wp-cron.php", 0o600))
	listener, err := net.Listen("unix", docroot+"/socket.php")
	if err == nil {
		listener.(*net.UnixListener).SetUnlinkOnClose(false)
	}
	note("socket", err)
	note("modes", os.Chmod(docroot+"/wp-settings.php", 0o777|os.ModeSetuid), os.Chmod(docroot+"/wp-content", 0))
	note("names", os.WriteFile(docroot+"/\xff\n\t..", nil, 0o644), os.WriteFile(docroot+"/"+strings.Repeat("n", 255), nil, 0o644))
	note("the root", os.Rename(docroot, volume+"/other"), os.Symlink("other", docroot))
	return done
}

// nest makes folders in folders, beyond the length of any path.
func nest(top string, levels int) error {
	if err := os.Chdir(top); err != nil {
		return err
	}
	for range levels {
		if err := syscall.Mkdir("nested-folder", 0o755); err != nil {
			return err
		}
		if err := syscall.Chdir("nested-folder"); err != nil {
			return err
		}
	}
	return nil
}

// skipped are the kernel's own; nothing of theirs can carry an attribute.
var skipped = map[string]bool{"/proc": true, "/sys": true}

// eachPlace visits everything in the container that may be written to, mounts included.
func eachPlace(visit func(path string)) {
	const writeOK = 2
	_ = filepath.WalkDir("/", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || skipped[path] {
			return fs.SkipDir
		}
		plain := entry.Type().IsRegular() || entry.IsDir()
		if plain && syscall.Access(path, writeOK) == nil {
			visit(path)
		}
		return nil
	})
}

// markPlaces attaches a note to each writable place, and tells those outside of the document root.
func markPlaces(note string) any {
	marked := []string{}
	eachPlace(func(path string) {
		if syscall.Setxattr(path, "user.note", []byte(note), 0) == nil && !strings.HasPrefix(path, docroot) {
			marked = append(marked, path)
		}
	})
	return marked
}

// markedPlaces lists what carries an attribute of the kind that a site may attach.
func markedPlaces() any {
	found := []string{}
	names := make([]byte, 64<<10)
	eachPlace(func(path string) {
		if n, err := syscall.Listxattr(path, names); err == nil && bytes.Contains(names[:n], []byte("user.")) {
			found = append(found, fmt.Sprintf("%s: %q", path, names[:n]))
		}
	})
	return found
}

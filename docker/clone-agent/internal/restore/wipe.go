// Package restore brings a container's writable places back to what the image says. Every process of the site is dead
// while it runs; what the site left behind (links, odd modes, odd depths) must still not lead it astray.
package restore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"clonepool.dev/clone-agent/internal/leakhooks"
	"clonepool.dev/clone-agent/internal/manifest"
)

// Wipe removes everything in dir but the names in `keep`, and what is attached to dir itself. Objects of other users in directories with the sticky bit
// (/dev/shm is shared by the pod's containers) are left to their owner's agent.
func Wipe(ctx context.Context, dir string, keep ...string) error {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	names, err := names(root)
	if err != nil {
		return err
	}
	kept := map[string]bool{}
	for _, name := range keep {
		kept[name] = true
	}
	for _, name := range names {
		if kept[name] {
			continue
		}
		if err := remove(ctx, root, name); err != nil && !foreign(root, name) {
			return fmt.Errorf("emptying %s: %w", dir, err)
		}
	}
	return renew(root)
}

// renew takes from a place that stays what a site can have attached to it: the root of a volume belongs to root, but whoever
// may write there may set extended attributes and touch its times.
func renew(root *os.Root) error {
	f, err := root.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	return renewOpen(f)
}

func renewOpen(f *os.File) error {
	if !leakhooks.Skips(leakhooks.Attributes) {
		manifest.ClearAttributes(f)
	}
	// The only time that somebody else than the owner may set is the present one.
	_, _, errno := syscall.Syscall6(syscall.SYS_UTIMENSAT, f.Fd(), 0, 0, 0, 0, 0)
	if errno != 0 && errno != syscall.EPERM && errno != syscall.EACCES { // not his to write: nobody has touched it
		return fmt.Errorf("touching %s: %w", f.Name(), errno)
	}
	return nil
}

func foreign(root *os.Root, name string) bool {
	info, err := root.Lstat(name)
	return err == nil && info.Sys().(*syscall.Stat_t).Uid != uint32(os.Geteuid())
}

// remove deletes a tree of any depth with a handful of file descriptors: subdirectories are first moved up beside their
// parent, then emptied in turn. (Descending would hold one descriptor a level, and a site may nest thousands.)
func remove(ctx context.Context, root *os.Root, name string) error {
	info, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return root.Remove(name)
	}
	queue, moved := []string{name}, 0
	for ; len(queue) > 0; queue = queue[1:] {
		if err := ctx.Err(); err != nil {
			return err
		}
		up, err := flatten(root, queue[0], &moved)
		if err != nil {
			return err
		}
		queue = append(queue, up...)
	}
	return nil
}

// flatten empties and removes one directory of root; its subdirectories move up into root under the names it returns.
func flatten(root *os.Root, name string, moved *int) (up []string, err error) {
	dir, err := openDir(root, name)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	children, err := names(dir)
	if err != nil {
		return nil, err
	}
	for _, child := range children {
		err := dir.Remove(child)
		if errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, syscall.EEXIST) {
			var to string
			if to, err = moveUp(root, name, child, moved); err == nil {
				up = append(up, to)
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return up, root.Remove(name)
}

func moveUp(root *os.Root, parent, child string, moved *int) (string, error) {
	path := filepath.Join(parent, child)
	if err := root.Chmod(path, 0o700); err != nil { // without write permission a directory cannot change its parent
		return "", err
	}
	for {
		*moved++
		to := ".trash-" + strconv.Itoa(*moved)
		if _, err := root.Lstat(to); errors.Is(err, fs.ErrNotExist) {
			return to, root.Rename(path, to)
		}
	}
}

// openDir opens a directory whose owner may have closed it to himself. It never follows a link.
func openDir(root *os.Root, name string) (*os.Root, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a directory", name)
	}
	if info.Mode().Perm()&0o700 != 0o700 {
		if err := root.Chmod(name, 0o700); err != nil {
			return nil, err
		}
	}
	return root.OpenRoot(name)
}

func names(root *os.Root) ([]string, error) {
	f, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

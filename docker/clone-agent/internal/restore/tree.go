package restore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"clonepool.dev/clone-agent/internal/leakhooks"
	"clonepool.dev/clone-agent/internal/manifest"
)

// copyWorkers copy files side by side: creating 3,000 small files waits for the file system more than for the processor.
const copyWorkers = 4

// Tree makes dir equal to the manifest: what is extra is removed, what is missing or differs is made anew from source.
// It returns the number of objects it touched.
func Tree(ctx context.Context, dir, source string, want *manifest.Manifest) (touched int, err error) {
	if err := asDirectory(ctx, dir); err != nil {
		return 0, err
	}
	t := &tree{ctx: ctx}
	if t.to, err = os.OpenRoot(dir); err != nil {
		return 0, err
	}
	defer t.to.Close()
	if t.from, err = os.OpenRoot(source); err != nil {
		return 0, err
	}
	defer t.from.Close()
	differences, err := want.CompareUnlocking(t.to)
	if err == nil {
		err = t.repair(differences, want)
	}
	if err == nil && !leakhooks.Skips(leakhooks.Times) {
		err = setTimes(dir, want)
	}
	return len(differences), err
}

// setTimes gives every file and directory one time. A site can set the times of its files at will: three thousand of
// them, kept because their contents are the image's, would carry a message to the next site.
func setTimes(dir string, want *manifest.Manifest) error {
	times := []syscall.Timeval{{Sec: manifest.Time.Unix()}, {Sec: manifest.Time.Unix()}}
	for _, e := range want.Entries {
		if e.Type == manifest.Symlink {
			continue
		}
		if err := syscall.Utimes(filepath.Join(dir, e.Path), times); err != nil {
			return fmt.Errorf("setting the time of %s: %w", manifest.Encode(e.Path), err)
		}
	}
	return nil
}

// asDirectory makes sure that place is a directory and no link to one.
func asDirectory(ctx context.Context, place string) error {
	parent, err := os.OpenRoot(path.Dir(place))
	if err != nil {
		return err
	}
	defer parent.Close()
	name := path.Base(place)
	info, err := parent.Lstat(name)
	if err == nil && info.IsDir() {
		return nil
	}
	if err == nil {
		err = remove(ctx, parent, name)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return parent.Mkdir(name, 0o755)
}

// tree is one restore: an open root on each side.
type tree struct {
	ctx      context.Context
	to, from *os.Root
}

// repair goes in an order in which each step finds its ground: first room, then directories, then what lies in them;
// the modes of directories last, because some of them may forbid writing.
func (t *tree) repair(differences []manifest.Difference, want *manifest.Manifest) error {
	dirs, err := t.makeWritable(differences, want)
	if err != nil {
		return err
	}
	var others []manifest.Entry
	for _, d := range differences {
		inPlace := d.Kind == manifest.Missing || (d.Want.Type == manifest.Dir && d.Got.Type == manifest.Dir)
		if !inPlace {
			if err := remove(t.ctx, t.to, d.Path); err != nil {
				return fmt.Errorf("removing %s: %w", manifest.Encode(d.Path), err)
			}
		}
		switch {
		case d.Kind == manifest.Extra:
		case d.Want.Type == manifest.Dir:
			dirs = append(dirs, d.Want)
		default:
			others = append(others, d.Want)
		}
	}
	if err := t.makeDirectories(dirs); err != nil {
		return err
	}
	if err := t.makeOthers(others); err != nil {
		return err
	}
	return t.setModes(dirs)
}

// makeWritable opens for writing what the repair must write in although its mode forbids it, and returns these directories.
func (t *tree) makeWritable(differences []manifest.Difference, want *manifest.Manifest) (opened []manifest.Entry, err error) {
	seen := map[string]bool{}
	for _, d := range differences {
		parent := path.Dir(d.Path)
		e, known := want.Find(parent)
		info, err := t.to.Lstat(parent)
		if seen[parent] || !known || err != nil || !info.IsDir() || info.Mode().Perm()&0o200 != 0 {
			continue
		}
		seen[parent] = true
		if err := t.to.Chmod(parent, 0o700); err != nil {
			return nil, err
		}
		opened = append(opened, e)
	}
	return opened, nil
}

func (t *tree) makeDirectories(dirs []manifest.Entry) error {
	for _, e := range dirs { // sorted by path: parents come first
		if err := t.to.Mkdir(e.Path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("making %s: %w", manifest.Encode(e.Path), err)
		}
	}
	return nil
}

// setModes ends the work on directories: what is attached to them goes, their modes come.
func (t *tree) setModes(dirs []manifest.Entry) error {
	for _, e := range slices.Backward(dirs) {
		if err := settle(t.to, e.Path, e.Mode); err != nil {
			return err
		}
	}
	return nil
}

func settle(root *os.Root, dir string, mode uint32) error {
	f, err := root.OpenFile(dir, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if !leakhooks.Skips(leakhooks.Attributes) {
		manifest.ClearAttributes(f)
	}
	return syscall.Fchmod(int(f.Fd()), mode)
}

func (t *tree) makeOthers(entries []manifest.Entry) error {
	work := make(chan manifest.Entry)
	var workers sync.WaitGroup
	ctx, cancel := context.WithCancelCause(t.ctx)
	defer cancel(nil)
	for range copyWorkers {
		workers.Go(func() {
			for e := range work {
				if err := t.makeOther(e); err != nil {
					cancel(fmt.Errorf("making %s: %w", manifest.Encode(e.Path), err))
					return
				}
			}
		})
	}
	for _, e := range entries {
		select {
		case work <- e:
		case <-ctx.Done():
		}
	}
	close(work)
	workers.Wait()
	return context.Cause(ctx)
}

func (t *tree) makeOther(e manifest.Entry) error {
	if e.Type == manifest.Symlink {
		return t.to.Symlink(e.Target, e.Path)
	}
	in, err := t.from.Open(e.Path)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := t.to.OpenFile(e.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in) // copy_file_range where the file systems allow it
	return errors.Join(err, syscall.Fchmod(int(out.Fd()), e.Mode), out.Close())
}

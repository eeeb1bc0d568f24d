package manifest

import (
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Of describes the tree at dir. It fails on objects that a manifest cannot hold.
func Of(dir string) (*Manifest, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	entries, err := walk(root, false, func(found) verdict { return digestIt })
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Type == Other || e.problem != "" {
			return nil, fmt.Errorf("%s cannot be held by a manifest %s", Encode(e.Path), e.problem)
		}
	}
	return New(plainEntries(entries)), nil
}

// found is what the walk saw of an object, before and after its content was read.
type found struct {
	Entry
	modified time.Time
	problem  string // why the object can never equal one of a manifest, or why it could not be read
}

// verdict says what the walk shall do with an object.
type verdict int

const (
	digestIt verdict = iota // read a file, descend into a directory
	noteIt                  // only report it
)

// walker reads contents side by side: names come from one goroutine, digests from as many as there are processors.
type walker struct {
	judge   func(found) verdict
	unlock  bool // give the owner back his right to read a directory; its entry keeps the mode that was found
	entries []*found
	reading sync.WaitGroup
	slots   chan struct{}
}

func walk(root *os.Root, unlock bool, judge func(found) verdict) ([]found, error) {
	w := &walker{judge: judge, unlock: unlock, slots: make(chan struct{}, 2*runtime.GOMAXPROCS(0))}
	err := w.object(root, ".", ".")
	w.reading.Wait()
	if err != nil {
		return nil, err
	}
	entries := make([]found, len(w.entries))
	for i, e := range w.entries {
		entries[i] = *e
	}
	return entries, nil
}

// object notes the object `name` in `parent`, whose path from the root is `path`. Links are never followed.
func (w *walker) object(parent *os.Root, name, path string) error {
	info, err := parent.Lstat(name)
	if err != nil {
		return err
	}
	e := &found{Entry: Entry{Path: path, Type: typeOf(info.Mode()), Mode: permissions(info)}, modified: info.ModTime()}
	w.entries = append(w.entries, e)
	stat := info.Sys().(*syscall.Stat_t)
	if stat.Uid != uint32(os.Geteuid()) && os.Geteuid() != 0 {
		e.problem = fmt.Sprintf("(owned by uid %d)", stat.Uid)
	}
	switch e.Type {
	case File:
		e.Size = info.Size()
		if stat.Nlink > 1 && os.Geteuid() != 0 { // an image's layers may share files; a pod's volume never does
			e.problem = "(has another hard link)"
		}
		w.file(parent, name, e)
	case Dir:
		return w.directory(parent, name, e)
	case Symlink:
		e.Target, err = parent.Readlink(name)
	}
	return err
}

func (w *walker) file(parent *os.Root, name string, e *found) {
	if w.judge(*e) == noteIt {
		return
	}
	f, err := parent.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		e.problem = "(cannot be read)"
		return
	}
	w.slots <- struct{}{}
	w.reading.Go(func() {
		defer func() { f.Close(); <-w.slots }()
		if e.Digest, err = digest(f, e.Size); err != nil {
			e.problem = "(cannot be read)"
		} else if hasAttributes(f) {
			e.problem = "(has extended attributes)"
		}
	})
}

func (w *walker) directory(parent *os.Root, name string, e *found) error {
	if w.judge(*e) == noteIt {
		return nil
	}
	if w.unlock && e.Mode&0o500 != 0o500 {
		if err := parent.Chmod(name, 0o700); err != nil {
			return err
		}
	}
	dir, err := parent.OpenRoot(name)
	if err != nil {
		e.problem = "(cannot be read)"
		return nil
	}
	defer dir.Close()
	list, attributes, err := list(dir)
	if err != nil {
		return err
	}
	if attributes {
		e.problem = "(has extended attributes)"
	}
	for _, child := range list {
		path := child
		if e.Path != "." {
			path = e.Path + "/" + child
		}
		if err := w.object(dir, child, path); err != nil {
			return err
		}
	}
	return nil
}

func list(dir *os.Root) (names []string, attributes bool, err error) {
	f, err := dir.Open(".")
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	names, err = f.Readdirnames(-1)
	return names, hasAttributes(f), err
}

func typeOf(mode fs.FileMode) Type {
	switch mode.Type() {
	case 0:
		return File
	case fs.ModeDir:
		return Dir
	case fs.ModeSymlink:
		return Symlink
	default:
		return Other
	}
}

// permissions are the mode bits of an object; those of a symbolic link mean nothing and are 0777 everywhere.
func permissions(info fs.FileInfo) uint32 {
	return info.Sys().(*syscall.Stat_t).Mode & 0o7777
}

func plainEntries(all []found) []Entry {
	entries := make([]Entry, len(all))
	for i, e := range all {
		entries[i] = e.Entry
	}
	return entries
}

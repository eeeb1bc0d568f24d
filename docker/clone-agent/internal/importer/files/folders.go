package files

import (
	"errors"
	"io/fs"
	"os"
	"strings"
)

// errOccupied: in the place of a directory is something that has to stay.
var errOccupied = errors.New("something else is in the place of a directory")

// folders opens directories below a root. The last one stays open: the files of a directory come one after the other, and
// within it each needs one call where the whole path would need one a part.
type folders struct {
	root  *os.Root
	stays bool // what is no directory stays, instead of giving way to one
	name  string
	open  *os.Root
}

// in returns a directory, made where it is missing. Every part of its path is a directory and no link: nothing is ever
// written through a link, wherever it leads.
func (f *folders) in(name string) (*os.Root, error) {
	if f.open != nil && f.name == name {
		return f.open, nil
	}
	f.close()
	dir := f.root
	if name != "." {
		for part := range strings.SplitSeq(name, "/") {
			next, err := f.enter(dir, part)
			if dir != f.root {
				dir.Close()
			}
			if err != nil {
				return nil, err
			}
			dir = next
		}
	}
	f.name, f.open = name, dir
	return dir, nil
}

// enter opens a directory within dir. Several streams may make it at once.
func (f *folders) enter(dir *os.Root, name string) (*os.Root, error) {
	info, err := dir.Lstat(name)
	switch {
	case err == nil && info.IsDir():
		return dir.OpenRoot(name)
	case err == nil && f.stays:
		return nil, errOccupied
	case err == nil:
		if err := dir.RemoveAll(name); err != nil {
			return nil, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if err := dir.Mkdir(name, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return dir.OpenRoot(name)
}

func (f *folders) close() {
	if f.open != nil && f.open != f.root {
		f.open.Close()
	}
	f.open = nil
}

package files

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"
)

// errMiddle: there is no beginning to go on from.
var errMiddle = errors.New("the source begins a file in its middle")

// inPlace writes into a document root that nobody looks at yet. What is in the way gives way.
type inPlace struct {
	folders folders
}

func newInPlace(root *os.Root) *inPlace { return &inPlace{folders{root: root}} }

func (p *inPlace) create(name string, mode fs.FileMode, offset int64) (*os.File, error) {
	if offset != 0 {
		return nil, errMiddle
	}
	dir, err := p.folders.in(path.Dir(name))
	if err != nil {
		return nil, err
	}
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL // never through a link, never into a device
	file, err := dir.OpenFile(path.Base(name), flags, mode)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ELOOP) {
		if err := dir.RemoveAll(path.Base(name)); err != nil {
			return nil, err
		}
		file, err = dir.OpenFile(path.Base(name), flags, mode)
	}
	return file, err
}

func (p *inPlace) publish(name string, _ int64, modified time.Time) (bool, error) {
	dir, err := p.folders.in(path.Dir(name))
	if err != nil {
		return false, err
	}
	return true, dir.Chtimes(path.Base(name), modified, modified)
}

func (p *inPlace) link(name, target string) (bool, error) {
	dir, err := p.folders.in(path.Dir(name))
	if err != nil {
		return false, err
	}
	err = dir.Symlink(target, path.Base(name))
	if errors.Is(err, fs.ErrExist) {
		if err := dir.RemoveAll(path.Base(name)); err != nil {
			return false, err
		}
		err = dir.Symlink(target, path.Base(name))
	}
	return err == nil, err
}

func (p *inPlace) dir(name string) error {
	_, err := p.folders.in(name)
	return err
}

func (p *inPlace) discard(name string) error {
	dir, err := p.folders.in(path.Dir(name))
	if err != nil {
		return err
	}
	return dir.Remove(path.Base(name))
}

func (p *inPlace) close() { p.folders.close() }

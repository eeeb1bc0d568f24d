package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"
)

// errMiddle: there is no beginning to go on from.
var errMiddle = errors.New("the source begins a file in its middle")

// goOn opens a file to write on behind what is certain of it.
func goOn(dir *os.Root, name string, offset int64) (*os.File, error) {
	info, err := dir.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() < offset {
		return nil, errMiddle
	}
	file, err := dir.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	if err := file.Truncate(offset); err != nil {
		file.Close()
		return nil, err
	}
	_, err = file.Seek(offset, io.SeekStart)
	return file, err
}

// inPlace writes into a document root that nobody looks at yet. What is in the way gives way.
type inPlace struct {
	folders folders
	begun   string // the file that a former agent was writing,
	offset  int64  // and how much of it is certain
}

func newInPlace(root *os.Root) *inPlace { return &inPlace{folders: folders{root: root}} }

func (p *inPlace) create(name string, mode fs.FileMode, offset int64) (*os.File, error) {
	if offset != 0 && (name != p.begun || offset != p.offset) {
		return nil, errMiddle
	}
	dir, err := p.folders.in(path.Dir(name))
	if err != nil {
		return nil, err
	}
	if offset != 0 {
		return goOn(dir, path.Base(name), offset)
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

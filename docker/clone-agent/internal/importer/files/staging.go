package files

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"time"
)

// staging writes files aside and moves each into the document root once it is whole, so that nobody is served half of one.
// What the clone has written itself meanwhile stays. Both directories are in one volume.
type staging struct {
	volume  *os.Root
	file    string // the file that is written, in the volume
	docroot string // in the volume
	folders folders
}

func newStaging(volume *os.Root, docroot *os.Root, file, docrootName string) *staging {
	return &staging{volume: volume, file: file, docroot: docrootName, folders: folders{root: docroot, stays: true}}
}

// create begins the file anew, or opens what an agent before this one had written of it.
func (s *staging) create(_ string, mode fs.FileMode, offset int64) (*os.File, error) {
	if offset > 0 {
		return goOn(s.volume, s.file, offset)
	}
	if err := s.volume.RemoveAll(s.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return s.volume.OpenFile(s.file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
}

// publish gives the file its name. A link is no rename: it never replaces.
func (s *staging) publish(name string, size int64, modified time.Time) (bool, error) {
	if _, err := s.folders.in(path.Dir(name)); err != nil {
		return false, err
	}
	if err := s.volume.Chtimes(s.file, modified, modified); err != nil {
		return false, err
	}
	err := s.volume.Link(s.file, path.Join(s.docroot, name))
	if errors.Is(err, fs.ErrExist) {
		return s.same(name, size, modified), s.volume.Remove(s.file)
	}
	if err != nil {
		return false, err
	}
	return true, s.volume.Remove(s.file)
}

// same says whether the file that is there is the source's: it was fetched ahead, or before the agent began anew.
func (s *staging) same(name string, size int64, modified time.Time) bool {
	info, err := s.folders.open.Lstat(path.Base(name))
	return err == nil && info.Mode().IsRegular() && info.Size() == size && info.ModTime().Equal(modified)
}

func (s *staging) link(name, target string) (bool, error) {
	dir, err := s.folders.in(path.Dir(name))
	if err != nil {
		return false, err
	}
	err = dir.Symlink(target, path.Base(name))
	if errors.Is(err, fs.ErrExist) {
		there, _ := dir.Readlink(path.Base(name))
		return there == target, nil
	}
	return err == nil, err
}

func (s *staging) dir(name string) error {
	_, err := s.folders.in(name)
	return err
}

func (s *staging) discard(string) error { return s.volume.Remove(s.file) }

func (s *staging) close() { s.folders.close() }

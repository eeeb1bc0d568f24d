package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"time"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/job"
)

// Skipped is a path that is not in the clone, and why.
type Skipped struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// Report is what was written and what was not.
type Report struct {
	Files     int64
	Bytes     int64
	Skipped   []Skipped // the first maxListed
	SkippedAt int64     // how many in total
}

const maxListed = 50

func (r *Report) skip(name, reason string) {
	r.SkippedAt++
	if len(r.Skipped) < maxListed {
		r.Skipped = append(r.Skipped, Skipped{name, reason})
	}
}

// writer writes the records of one tree below target in the document root.
type writer struct {
	root   *os.Root
	target string
	spend  func(bytes int64) error
	report *Report

	file    *os.File // nil while the present file is one of ours
	current record
	offset  int64
	open    bool
	changed []string // relative to the tree: to be taken again
	seen    func(record) error
}

// records writes whole records.
func (w *writer) records(data []byte) error {
	for len(data) > 0 {
		r, rest, err := parse(data)
		if err != nil {
			return failure.New(job.SourceInvalid, "%w", err)
		}
		if r.kind != recordBytes && r.kind != recordEnd {
			if err := checkPath(r.path); err != nil {
				return err
			}
		}
		if err := w.record(r); err != nil {
			return err
		}
		data = rest
	}
	return nil
}

func (w *writer) record(r record) error {
	switch r.kind {
	case recordDir:
		return w.dir(r)
	case recordFile:
		return w.begin(r)
	case recordBytes:
		return w.write(r.text)
	case recordEnd:
		return w.end(r)
	case recordLink:
		return w.link(r)
	case recordHash:
		if w.seen == nil {
			return failure.New(job.SourceInvalid, "the source sends digests that nobody asked for")
		}
		return w.seen(r)
	}
	w.report.skip(path.Join(w.target, r.path), string(r.text))
	return nil
}

func (w *writer) name(r record) string { return path.Join(w.target, r.path) }

func (w *writer) dir(r record) error {
	name := w.name(r)
	if isOurs(name) {
		return nil
	}
	return w.makeDir(name)
}

// makeDir makes a directory and those above it; something else in its place gives way.
func (w *writer) makeDir(name string) error {
	err := w.root.MkdirAll(name, 0o755)
	if err == nil || !errors.Is(err, fs.ErrExist) && !isNotDir(err) {
		return err
	}
	if info, statErr := w.root.Stat(name); statErr == nil && info.IsDir() {
		return nil
	}
	if err := w.root.Remove(name); err != nil {
		return err
	}
	return w.root.MkdirAll(name, 0o755)
}

// begin opens a file, at its start or where the last answer ended.
func (w *writer) begin(r record) error {
	if w.open && (r.path != w.current.path || r.offset == 0) {
		w.close()
	}
	if w.open {
		if int64(r.offset) != w.offset {
			return failure.New(job.SourceInvalid, "the source goes on with %q at %d, not at %d", shorten(r.path), r.offset, w.offset)
		}
		return nil
	}
	if r.offset != 0 {
		return failure.New(job.SourceInvalid, "the source begins %q in its middle", shorten(r.path))
	}
	w.current, w.open, w.offset = r, true, 0
	name := w.name(r)
	if isOurs(name) {
		return nil
	}
	var err error
	w.file, err = w.create(name, r.mode)
	return err
}

// create opens a file for writing; a directory or link in its place gives way, missing directories are made.
func (w *writer) create(name string, mode uint64) (*os.File, error) {
	permissions := fs.FileMode(mode)&0o755 | 0o600
	const flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	if info, err := w.root.Lstat(name); err == nil && !info.Mode().IsRegular() {
		if err := w.root.RemoveAll(name); err != nil {
			return nil, err
		}
	}
	file, err := w.root.OpenFile(name, flags, permissions)
	if errors.Is(err, fs.ErrNotExist) || isNotDir(err) {
		if err := w.makeDir(path.Dir(name)); err != nil {
			return nil, err
		}
		file, err = w.root.OpenFile(name, flags, permissions)
	}
	return file, err
}

func (w *writer) write(data []byte) error {
	if !w.open {
		return failure.New(job.SourceInvalid, "the source sends bytes of no file")
	}
	if err := w.spend(int64(len(data))); err != nil {
		return err
	}
	w.offset += int64(len(data))
	if w.file == nil {
		return nil
	}
	_, err := w.file.Write(data)
	return err
}

func (w *writer) end(r record) error {
	if !w.open {
		return failure.New(job.SourceInvalid, "the source ends no file")
	}
	if r.status == statusGoesOn {
		return nil
	}
	if int64(r.size) != w.offset || r.status > statusChanged {
		return failure.New(job.SourceInvalid, "%q has %d bytes, not %d", shorten(w.current.path), w.offset, r.size)
	}
	name, mine := w.name(w.current), w.file != nil
	w.close()
	if r.status == statusChanged {
		w.changed = append(w.changed, w.current.path)
		return nil
	}
	if !mine {
		return nil
	}
	w.report.Files++
	w.report.Bytes += w.offset
	modified := time.Unix(int64(w.current.mtime), 0)
	return w.root.Chtimes(name, modified, modified)
}

func (w *writer) close() {
	if w.file != nil {
		w.file.Close()
	}
	w.file, w.open = nil, false
}

func (w *writer) link(r record) error {
	name, target := w.name(r), string(r.text)
	if isOurs(name) {
		return nil
	}
	if !linkStaysInside(r.path, target) {
		return failure.New(job.SourceInvalid, "the source sends a link out of the site: %q", shorten(r.path))
	}
	if err := w.root.RemoveAll(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := w.root.Symlink(target, name)
	if errors.Is(err, fs.ErrNotExist) {
		if err = w.makeDir(path.Dir(name)); err == nil {
			err = w.root.Symlink(target, name)
		}
	}
	return err
}

func (r Skipped) String() string { return fmt.Sprintf("%s (%s)", r.Path, r.Reason) }

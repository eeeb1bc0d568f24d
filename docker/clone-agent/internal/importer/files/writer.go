package files

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/job"
)

// place is where the files of a stream end up: straight in the document root while nobody sees it, aside and then moved
// into it at one blow while the clone is in use.
type place interface {
	// create begins a file; offset is where the source goes on, 0 from its start.
	create(name string, mode fs.FileMode, offset int64) (*os.File, error)
	// publish ends a file that is whole. It returns false if another one has the name and stays.
	publish(name string, size int64, modified time.Time) (bool, error)
	// link makes a symbolic link. It returns false as publish does.
	link(name, target string) (bool, error)
	dir(name string) error
	// discard removes what create began and nobody will end.
	discard(name string) error
	close()
}

// writer writes the records of one stream of a tree into its place.
type writer struct {
	copier  *Copier
	account *account
	target  string
	place   place

	file    *os.File // nil while the present file is one of ours
	current record
	offset  int64
	open    bool
	changed []string // relative to the tree: to be taken again
	arrived func(path string)
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
			w.account.entries++
			if err := w.copier.entry(); err != nil {
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
	w.account.skip(w.name(r), strings.ToValidUTF8(string(r.text[:min(len(r.text), maxReason)]), "?"))
	if w.open && r.path == w.current.path { // gone since the last answer
		return w.abandon()
	}
	return nil
}

// maxReason bounds the source's word for why it skips a path.
const maxReason = 40

func (w *writer) name(r record) string { return path.Join(w.target, r.path) }

func (w *writer) dir(r record) error {
	name := w.name(r)
	if isOurs(name) {
		return nil
	}
	return w.staying(name, w.place.dir(name))
}

// staying turns what is in the way and has to stay into a line of the report.
func (w *writer) staying(name string, err error) error {
	if errors.Is(err, errOccupied) {
		w.account.kept(name)
		return nil
	}
	return err
}

// begin opens a file, at its start or where the last answer ended.
func (w *writer) begin(r record) error {
	if before := w.current.path; w.open && (r.path != before || r.offset == 0) {
		if err := w.abandon(); err != nil {
			return err
		}
		if r.path != before {
			w.again(before)
		}
	}
	if w.open {
		if int64(r.offset) != w.offset {
			return failure.New(job.SourceInvalid, "the source goes on with %q at %d, not at %d", shorten(r.path), r.offset, w.offset)
		}
		return nil
	}
	w.current, w.open, w.offset = r, true, int64(r.offset)
	name := w.name(r)
	if isOurs(name) {
		return nil
	}
	var err error
	w.file, err = w.place.create(name, fs.FileMode(r.mode)&0o755|0o600, int64(r.offset))
	if errors.Is(err, errMiddle) {
		return failure.New(job.SourceInvalid, "%w: %q", err, shorten(r.path))
	}
	return err
}

func (w *writer) write(data []byte) error {
	if !w.open {
		return failure.New(job.SourceInvalid, "the source sends bytes of no file")
	}
	w.account.bytes += int64(len(data))
	if err := w.copier.spend(int64(len(data))); err != nil {
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
	if r.status == statusChanged {
		w.again(w.current.path)
		return w.abandon()
	}
	name, mine := w.name(w.current), w.file != nil
	w.release()
	if !mine {
		return nil
	}
	return w.publish(name)
}

func (w *writer) publish(name string) error {
	published, err := w.place.publish(name, w.offset, modified(w.current.mtime))
	if err != nil {
		return w.staying(name, err)
	}
	if !published {
		w.account.kept(name)
		return nil
	}
	w.account.wrote(w.offset)
	if w.arrived != nil {
		w.arrived(w.current.path)
	}
	return nil
}

// again remembers a file that changed while it was read.
func (w *writer) again(path string) {
	if len(w.changed) < maxAgain {
		w.changed = append(w.changed, path)
		return
	}
	w.account.skip(w.name(record{path: path}), reasonChanged)
}

const reasonChanged = "changed"

// modified keeps a time that file systems can hold.
func modified(seconds uint64) time.Time { return time.Unix(int64(min(seconds, 1<<34-1)), 0) }

// release closes the present file, whole or not.
func (w *writer) release() {
	if w.file != nil {
		w.file.Close()
	}
	w.file, w.open = nil, false
}

// abandon closes the present file and leaves nothing of it: half of a file is worse than none, and is listed as none.
func (w *writer) abandon() error {
	mine := w.open && w.file != nil
	w.release()
	if !mine {
		return nil
	}
	if err := w.place.discard(w.name(w.current)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (w *writer) close() {
	w.release()
	w.place.close()
}

func (w *writer) link(r record) error {
	name, target := w.name(r), string(r.text)
	if isOurs(name) {
		return nil
	}
	if !linkStaysInside(r.path, target) {
		return failure.New(job.SourceInvalid, "the source sends a link out of the site: %q", shorten(r.path))
	}
	made, err := w.place.link(name, target)
	if err == nil && !made {
		w.account.kept(name)
	}
	return w.staying(name, err)
}

// follow streams what a request gives into the place.
func (w *writer) follow(ctx context.Context, parameters source.Parameters) error {
	return w.copier.Client.Follow(ctx, "files", parameters, func(b source.Batch) error { return w.records(b.Data) })
}

package files

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/job"
)

const (
	coreRoot = "core"
	// pathsPerRequest keeps a list of paths well below the 1 MiB that a body may have.
	pathsPerRequest = 1000
	// takeAgain is how often a file that changed during the copy is asked for once more.
	takeAgain = 3
	// maxEntries bounds what a source may make of inodes and of memory.
	maxEntries = 1_000_000
	// blockSize is what the smallest file takes of a volume.
	blockSize = 4096
	// bytesPerPart: a smaller tree is not worth another stream.
	bytesPerPart = 16 << 20
)

// Copier copies the trees of a source into a document root. Copy and Backfill may not run at the same time.
type Copier struct {
	Client  *source.Client
	Root    *os.Root
	Spend   func(bytes int64) error           // called for all bytes received; its error ends the copy
	Known   func(name string) (digest string) // SHA-256 in hex of a file as the image brought it, or ""; nil: read the file
	Streams int                               // requests side by side; 0: 1
	Parts   int                               // into how many parts the source can cut a tree; 0: none
	Sizes   map[string]int64                  // bytes of each root, as far as they are known
	Room    int64                             // bytes that the volume takes; 0: not known
	From    []Part                            // where a former agent was killed that had begun to copy these trees; nil: nowhere
	Save    func([]Part) error                // keeps how far Copy is

	mu       sync.Mutex
	base     Report // of what came before the accounts
	accounts []*account
	entries  atomic.Int64
	used     atomic.Int64

	coreIsImages bool
}

// Report is what was written so far.
func (c *Copier) Report() Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	var sum Report
	sum.add(c.base)
	for _, account := range c.accounts {
		sum.add(account.now())
	}
	return sum
}

// settle closes the accounts; what follows is counted beside their sum, or beside what a former agent had counted.
func (c *Copier) settle(before *Report) {
	sum := c.Report()
	if before != nil {
		sum = *before
	}
	c.base, c.accounts = sum, nil
}

// open begins the account of a stream, or goes on with it.
func (c *Copier) open(from Part) *account {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := &account{report: from.Report, entries: from.Entries, bytes: from.Bytes}
	c.accounts = append(c.accounts, a)
	return a
}

// entry counts what the source names.
func (c *Copier) entry() error {
	if c.entries.Add(1) > maxEntries {
		return failure.New(job.TooLarge, "the source has more than %d files and folders", maxEntries)
	}
	return c.fill(0)
}

// spend counts bytes as they come.
func (c *Copier) spend(bytes int64) error {
	if err := c.fill(bytes); err != nil {
		return err
	}
	return c.Spend(bytes)
}

// fill counts what the volume holds; a file without bytes takes room too.
func (c *Copier) fill(bytes int64) error {
	used := c.used.Add(bytes) + c.entries.Load()*blockSize/2
	if c.Room > 0 && used > c.Room {
		return failure.New(job.TooLarge, "the source's files take more than the %d bytes that the clone's volume has for them; "+
			"remove what a copy does not need (backups, archives) or give the pool larger volumes", c.Room)
	}
	return nil
}

// task is one stream: a root, or a part of it.
type task struct {
	root        source.Root
	part, parts int
	place       int // in the course
}

func (t task) parameters() source.Parameters {
	if t.parts <= 1 {
		return source.Parameters{"root": t.root.Name}
	}
	return source.Parameters{"root": t.root.Name, "part": t.part, "parts": t.parts}
}

// Copy copies the roots, several at once, beginning in their order.
func (c *Copier) Copy(ctx context.Context, roots []source.Root) error {
	for _, root := range roots {
		if root.Target == "" {
			continue
		}
		if err := checkPath(root.Target); err != nil {
			return err
		}
	}
	way := &course{parts: c.From, save: c.Save}
	if c.From == nil {
		if err := c.clear(roots); err != nil {
			return err
		}
		way.parts = c.beginning(roots)
	} else if err := c.goOn(); err != nil {
		return err
	}
	if err := way.keep(); err != nil { // before anything is written
		return err
	}
	err := c.sideBySide(ctx, way.tasks(roots), func(ctx context.Context, t task) error { return c.copyTask(ctx, way, t) })
	return errors.Join(err, way.keep())
}

// beginning is the position of each stream of the roots before the first byte.
func (c *Copier) beginning(roots []source.Root) (parts []Part) {
	for _, root := range roots {
		for number := range c.partsOf(root) {
			parts = append(parts, Part{Root: root.Name, Number: number})
		}
	}
	return parts
}

// goOn counts what a former agent has taken: the volume holds it.
func (c *Copier) goOn() error {
	for _, part := range c.From {
		c.entries.Add(part.Entries)
		if err := c.fill(part.Bytes); err != nil {
			return err
		}
		if part.Complete {
			c.open(part)
		}
	}
	return nil
}

// clear empties the trees that are replaced as a whole.
func (c *Copier) clear(roots []source.Root) error {
	for _, root := range roots {
		if !replaced[root.Name] {
			continue
		}
		if err := c.empty(root.Target); err != nil {
			return err
		}
	}
	return nil
}

// partsOf is into how many streams a root is worth to be cut.
func (c *Copier) partsOf(root source.Root) int {
	if root.Name == coreRoot {
		return 1
	}
	return int(max(1, min(int64(c.Streams), int64(c.Parts), 1+c.Sizes[root.Name]/bytesPerPart)))
}

// sideBySide runs tasks, so many at once as there are streams. The first error ends all.
func (c *Copier) sideBySide(ctx context.Context, tasks []task, run func(context.Context, task) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan task, len(tasks))
	for _, t := range tasks {
		queue <- t
	}
	close(queue)
	var streams sync.WaitGroup
	for range max(1, c.Streams) {
		streams.Go(func() {
			for t := range queue {
				if ctx.Err() != nil {
					return
				}
				if err := run(ctx, t); err != nil {
					cancel(err)
				}
			}
		})
	}
	streams.Wait()
	return context.Cause(ctx)
}

func (c *Copier) copyTask(ctx context.Context, way *course, t task) error {
	from := way.at(t.place)
	if t.root.Name == coreRoot {
		return c.core(ctx, way, t)
	}
	place := newInPlace(c.Root)
	if from.Begun != nil {
		place.begun, place.offset = path.Join(t.root.Target, string(from.Begun.Path)), from.Begun.Offset
	}
	w := &writer{copier: c, account: c.open(from), target: t.root.Target, place: place}
	defer w.close()
	return way.bring(ctx, w, t)
}

// replaced are the trees of which nothing of the image may stay: a theme of the image is none of the site's.
var replaced = map[string]bool{"plugins": true, "themes": true, "mu-plugins": true}

// empty removes what is in a directory of the document root, but for what is ours.
func (c *Copier) empty(dir string) error {
	entries, err := fs.ReadDir(c.Root.FS(), dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, entry := range entries {
		name := path.Join(dir, entry.Name())
		if isOurs(name) {
			continue
		}
		if err := c.Root.RemoveAll(name); err != nil {
			return err
		}
	}
	return err
}

// changedAgain asks once more, a few times, for what changed while it was read, and lists what never stood still.
func (w *writer) changedAgain(ctx context.Context, root source.Root) error {
	if err := w.unended(); err != nil {
		return err
	}
	for range takeAgain {
		again := utf8Only(w.changed)
		if len(again) == 0 {
			break
		}
		left := notUTF8(w.changed)
		for len(again) > 0 {
			n := min(len(again), pathsPerRequest)
			w.changed = nil
			if err := w.follow(ctx, source.Parameters{"root": root.Name, "paths": again[:n]}); err != nil {
				return err
			}
			if err := w.unended(); err != nil {
				return err
			}
			left, again = append(left, w.changed...), again[n:]
		}
		w.changed = left
	}
	for _, name := range w.changed {
		w.account.skip(path.Join(root.Target, name), reasonChanged)
	}
	w.changed = nil
	return nil
}

// unended takes a file that the source began and forgot as one that changed.
func (w *writer) unended() error {
	if w.open {
		w.again(w.current.path)
	}
	return w.abandon()
}

// utf8Only drops the names that JSON cannot carry.
func utf8Only(names []string) (out []string) {
	for _, name := range names {
		if utf8.ValidString(name) {
			out = append(out, name)
		}
	}
	return out
}

func notUTF8(names []string) (out []string) {
	for _, name := range names {
		if !utf8.ValidString(name) {
			out = append(out, name)
		}
	}
	return out
}

package pid1

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"clonepool.dev/clone-agent/internal/control"
	"clonepool.dev/clone-agent/internal/job"
	"clonepool.dev/clone-agent/internal/layout"
)

// ImportFunc runs one import to its end and reports its lines, the last one with a result. While files follow in a usable
// clone, offer gets what fetches one of them ahead; nil takes it back.
type ImportFunc func(ctx context.Context, j job.Job, report func(job.Line), offer func(Fetch))

// Fetch brings one file that is still missing, and says whether the source has it.
type Fetch = func(ctx context.Context, name string) (bool, error)

const (
	// stopWithin is how long a cancelled import may take to let go of the files.
	stopWithin = 10 * time.Second
	// fetchWithin is how long a visitor waits for a file that is still missing.
	fetchWithin = 10 * time.Second
	// lineEvery and atLeastEvery bound the lines a follower gets.
	lineEvery    = 250 * time.Millisecond
	atLeastEvery = time.Second
)

// imports runs at most one import in each generation, independent of who follows it.
type imports struct {
	run    ImportFunc
	volume string

	mu         sync.Mutex
	ctx        context.Context // of the generation; nil between generations
	generation int64
	ready      chan struct{} // closed once the server has answered in this generation
	current    *runningImport
	called     map[string]bool // addresses that the leases of this process could call
}

// runningImport is the one import of a generation; it stays for followers after its end.
type runningImport struct {
	done chan struct{}

	mu       sync.Mutex
	line     job.Line
	changed  chan struct{}
	fetch    Fetch // nil: there is nothing to fetch
	unmarked bool
}

func (i *imports) open(ctx context.Context, generation int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.ctx, i.generation, i.ready, i.current = ctx, generation, make(chan struct{}), nil
}

// close waits until the generation's import, cancelled by then, no longer touches anything.
func (i *imports) close() {
	i.mu.Lock()
	i.ctx = nil
	current := i.current
	i.mu.Unlock()
	if current == nil {
		return
	}
	select {
	case <-current.done:
	case <-time.After(stopWithin):
		importFailedToStop()
	}
}

func (i *imports) serverAnswers() {
	i.mu.Lock()
	defer i.mu.Unlock()
	select {
	case <-i.ready:
	default:
		close(i.ready)
	}
}

// lineNow is the last line of the generation's import, nil if there was none.
func (i *imports) lineNow() *job.Line {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.current == nil {
		return nil
	}
	line, _ := i.current.latest()
	return &line
}

// start begins the import of the present generation, or finds the one that has begun.
func (i *imports) start(generation int64, j *job.Job) (*runningImport, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.run == nil {
		return nil, &control.Error{Code: control.Invalid, Detail: "imports run in the wordpress container"}
	}
	if i.ctx == nil || i.ctx.Err() != nil {
		return nil, &control.Error{Code: control.NotReady, Detail: "the pod is between two generations"}
	}
	if generation != i.generation {
		return nil, control.Refuse(generation, i.generation)
	}
	if i.current != nil {
		return i.current, nil
	}
	if err := i.check(j); err != nil {
		return nil, err
	}
	todo := *j
	todo.Backfill = todo.Backfill || i.usable()
	if !todo.Backfill {
		if err := writeMark(i.volume, layout.ImportingMark, ""); err != nil {
			return nil, fmt.Errorf("marking the import: %w", err)
		}
	}
	i.note(todo)
	i.current = &runningImport{done: make(chan struct{}), changed: make(chan struct{}), unmarked: todo.Backfill}
	i.current.report(job.Line{Phase: job.Preflight, At: time.Now().UTC()})
	go i.runTo(i.ctx, i.ready, todo, i.current)
	return i.current, nil
}

// note keeps the addresses that this lease's network lets out to: the kernel may keep them for as long as the pod lives.
func (i *imports) note(j job.Job) {
	if i.called == nil {
		i.called = map[string]bool{}
	}
	for _, address := range j.SourceAddresses {
		i.called[address] = true
	}
	for _, addresses := range j.AllowedAddresses {
		for _, address := range addresses {
			i.called[address] = true
		}
	}
}

// calledSoFar lists what note has kept.
func (i *imports) calledSoFar() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Sorted(maps.Keys(i.called))
}

// usable says whether an agent before this one, in the same generation, has made the clone usable and was killed before it
// was complete. Importing it anew would undo what its users have done since.
func (i *imports) usable() bool {
	info, err := os.Lstat(filepath.Join(i.volume, layout.BackfillDir))
	return err == nil && info.IsDir()
}

// fetch brings a file of the running back-fill ahead of the others.
func (i *imports) fetch(ctx context.Context, name string) (bool, error) {
	i.mu.Lock()
	current := i.current
	i.mu.Unlock()
	if current == nil {
		return false, errNothingToFetch
	}
	current.mu.Lock()
	fetch := current.fetch
	current.mu.Unlock()
	if fetch == nil {
		return false, errNothingToFetch
	}
	ctx, cancel := context.WithTimeout(ctx, fetchWithin)
	defer cancel()
	return fetch(ctx, name)
}

var errNothingToFetch = &control.Error{Code: control.NotReady, Detail: "no files follow at present"}

func (i *imports) check(j *job.Job) error {
	if j == nil {
		return &control.Error{Code: control.Invalid, Detail: "no import has begun in this generation and stdin holds no job"}
	}
	if err := j.Validate(); err != nil {
		return &control.Error{Code: control.Invalid, Detail: "job: " + err.Error()}
	}
	if j.Generation != i.generation {
		return control.Refuse(j.Generation, i.generation)
	}
	return nil
}

func (i *imports) runTo(ctx context.Context, ready <-chan struct{}, j job.Job, r *runningImport) {
	defer close(r.done)
	defer func() { // whatever happens, followers get an end
		if panicked := recover(); panicked != nil {
			slog.Error("the import panicked", "panic", fmt.Sprint(panicked))
		}
		if line, _ := r.latest(); !line.Final() && (ctx.Err() == nil || !line.Usable) {
			r.report(job.Failed(line.Phase, job.Internal, "the import ended without a result"))
		}
	}()
	select {
	case <-ready:
		i.run(ctx, j, func(line job.Line) { r.report(i.unmark(ctx, r, line)) }, r.offer)
	case <-ctx.Done():
	}
}

// unmark takes the mark away before anybody hears that the clone is usable: were it there a moment longer, a crash in that
// moment would restore the pristine site under a clone that is about to be served.
func (i *imports) unmark(ctx context.Context, r *runningImport, line job.Line) job.Line {
	if r.unmarked || ctx.Err() != nil || !line.Usable && line.Result != job.ResultOK {
		return line
	}
	if err := removeMark(i.volume, layout.ImportingMark); err != nil {
		slog.Error("unmarking the import", "error", err)
		return job.Failed(line.Phase, job.Internal, "the mark of the running import could not be removed")
	}
	r.unmarked = true
	return line
}

func (r *runningImport) offer(fetch Fetch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fetch = fetch
}

// report takes a line; nothing follows a final one.
func (r *runningImport) report(line job.Line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.line.Final() {
		return
	}
	if line.At.IsZero() {
		line.At = time.Now().UTC()
	}
	r.line = line
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *runningImport) latest() (job.Line, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.line, r.changed
}

// follow sends lines until the final one: changes at most every lineEvery, and one a second if nothing changes. The report
// of a usable clone is long; each follower gets it with the first line that has it, and with the last.
func (r *runningImport) follow(ctx context.Context, send func(any) error) error {
	for told := false; ; {
		line, changed := r.latest()
		if told && !line.Final() {
			line.Fidelity = nil
		}
		told = told || line.Usable
		if !line.Final() {
			line.At = time.Now().UTC()
		}
		if err := send(line); err != nil || line.Final() {
			return err
		}
		sleepOr(ctx, lineEvery, r.done)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-time.After(atLeastEvery - lineEvery):
		}
	}
}

func sleepOr(ctx context.Context, d time.Duration, early <-chan struct{}) {
	select {
	case <-ctx.Done():
	case <-early:
	case <-time.After(d):
	}
}

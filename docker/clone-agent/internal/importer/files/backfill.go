package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"sync"
	"time"

	"clonepool.dev/clone-agent/internal/importer/source"
)

// saveEvery is how often the position of a back-fill is kept.
const saveEvery = time.Second

// State is how far a back-fill is. With it another agent goes on where this one was killed.
type State struct {
	Parts  []Part `json:"parts"`
	Report Report `json:"report"`
}

// Part is one stream of a back-fill.
type Part struct {
	Cursor   *string  `json:"cursor,omitempty"`
	Complete bool     `json:"complete,omitempty"`
	Changed  []string `json:"changed,omitempty"` // to be taken again
}

// Backfill brings a tree into a document root that is in use. No file of the clone is replaced.
type Backfill struct {
	Copier  *Copier
	Volume  *os.Root
	Docroot string // of the Copier's root, in the volume
	Folder  string // in the volume, for files that are not whole yet
	Root    source.Root
	Save    func(State) error

	saving  sync.Mutex
	mu      sync.Mutex
	parts   []Part
	savedAt time.Time
	ahead   ahead
}

// Begin sets the position: that of a former agent, or the beginning.
func (b *Backfill) Begin(from *State) {
	if from != nil && len(from.Parts) > 0 {
		b.parts = from.Parts
		b.Copier.book.report = from.Report
		return
	}
	b.parts = make([]Part, b.Copier.partsOf(b.Root))
}

// State is the present position.
func (b *Backfill) State() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	return State{Parts: append([]Part(nil), b.parts...), Report: b.Copier.Report()}
}

// Run copies what is missing.
func (b *Backfill) Run(ctx context.Context) error {
	if err := checkPath(b.Root.Target); err != nil {
		return err
	}
	var tasks []task
	for number, part := range b.parts {
		if !part.Complete {
			tasks = append(tasks, task{b.Root, number, len(b.parts)})
		}
	}
	err := b.Copier.sideBySide(ctx, tasks, b.part)
	return errors.Join(err, b.save())
}

func (b *Backfill) part(ctx context.Context, t task) error {
	b.mu.Lock()
	state := b.parts[t.part]
	b.mu.Unlock()
	w := b.writer(fmt.Sprintf("part-%d", t.part))
	defer w.close()
	w.changed = state.Changed
	parameters := t.parameters()
	if state.Cursor != nil {
		parameters["cursor"] = *state.Cursor
	}
	err := b.stream(ctx, w, t.part, parameters)
	if state.Cursor != nil && ctx.Err() == nil && lostPosition(err) {
		w.release()
		err = b.stream(ctx, w, t.part, t.parameters())
	}
	if err != nil {
		return err
	}
	if err := w.changedAgain(ctx, t.root); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.parts[t.part] = Part{Complete: true}
	return nil
}

// lostPosition says whether a position of a former agent is good no more, so that the part begins anew; what is there stays.
func lostPosition(err error) bool {
	var answered *source.AnswerError
	return errors.Is(err, errMiddle) || errors.As(err, &answered) && answered.Code == "bad_request"
}

func (b *Backfill) stream(ctx context.Context, w *writer, number int, parameters source.Parameters) error {
	return b.Copier.Client.Follow(ctx, "files", parameters, func(batch source.Batch) error {
		if err := w.records(batch.Data); err != nil {
			return err
		}
		return b.moved(number, batch.Cursor, w.changed)
	})
}

// moved keeps the position, now and then on disk.
func (b *Backfill) moved(number int, cursor *string, changed []string) error {
	b.mu.Lock()
	b.parts[number] = Part{Cursor: cursor, Changed: append([]string(nil), changed...)}
	due := time.Since(b.savedAt) >= saveEvery
	if due {
		b.savedAt = time.Now()
	}
	b.mu.Unlock()
	if !due {
		return nil
	}
	return b.save()
}

func (b *Backfill) save() error {
	b.saving.Lock()
	defer b.saving.Unlock()
	return b.Save(b.State())
}

func (b *Backfill) writer(file string) *writer {
	staged := newStaging(b.Volume, b.Copier.Root, path.Join(b.Folder, file), b.Docroot)
	return &writer{copier: b.Copier, target: b.Root.Target, place: staged}
}

package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"

	"clonepool.dev/clone-agent/internal/importer/source"
)

// State is how far a back-fill is. With it another agent goes on where this one was killed.
type State struct {
	Parts  []Part `json:"parts"`
	Report Report `json:"report"` // of what was there before
}

// Backfill brings a tree into a document root that is in use. No file of the clone is replaced.
type Backfill struct {
	Copier  *Copier
	Volume  *os.Root
	Docroot string // of the Copier's root, in the volume
	Folder  string // in the volume, for files that are not whole yet
	Root    source.Root
	Save    func(State) error

	way   *course
	ahead ahead
}

// Begin sets the position: that of a former agent, or the beginning.
func (b *Backfill) Begin(from *State) {
	b.way = &course{save: func(parts []Part) error { return b.Save(State{parts, b.Copier.base}) }}
	if from == nil || len(from.Parts) == 0 {
		b.Copier.settle(nil)
		b.way.parts = b.Copier.beginning([]source.Root{b.Root})
		return
	}
	b.Copier.settle(&from.Report)
	b.way.parts = from.Parts
	for _, part := range from.Parts {
		if part.Complete {
			b.Copier.open(part)
		}
	}
}

// State is the present position.
func (b *Backfill) State() State { return State{b.way.now(), b.Copier.base} }

// Run copies what is missing.
func (b *Backfill) Run(ctx context.Context) error {
	if err := checkPath(b.Root.Target); err != nil {
		return err
	}
	err := b.Copier.sideBySide(ctx, b.way.tasks([]source.Root{b.Root}), b.part)
	return errors.Join(err, b.way.keep())
}

func (b *Backfill) part(ctx context.Context, t task) error {
	w := b.writer(fmt.Sprintf("part-%d", t.part), b.way.at(t.place))
	defer w.close()
	return b.way.bring(ctx, w, t)
}

func (b *Backfill) writer(file string, from Part) *writer {
	staged := newStaging(b.Volume, b.Copier.Root, path.Join(b.Folder, file), b.Docroot)
	return &writer{copier: b.Copier, account: b.Copier.open(from), target: b.Root.Target, place: staged}
}

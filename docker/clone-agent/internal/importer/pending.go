package importer

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// pendingBytes is how much of a table may be between the source and the database: three batches of the usual MiB, or one
// that is as large as a source may make it.
const pendingBytes = 4 << 20

// batch is a source.Batch of rows.
type batch struct {
	data   []byte
	cursor *string // nil: these are the last rows of the table
	rows   int64   // as the source counts them; negative: it does not
	drift  rowsMeta
}

// size is its part of pendingBytes.
func (b batch) size() int64 { return min(int64(len(b.data)), pendingBytes) }

// pending are batches that wait, and the one that is being loaded. They are bounded by their bytes: counted, those of a
// source that is late with its checkpoints would take eight times the memory of another's.
type pending struct {
	batches chan batch
	room    *semaphore.Weighted
}

func newPending() *pending {
	return &pending{batches: make(chan batch, 2), room: semaphore.NewWeighted(pendingBytes)}
}

func (p *pending) put(ctx context.Context, b batch) error {
	if p.room.Acquire(ctx, b.size()) != nil {
		return context.Cause(ctx)
	}
	select {
	case p.batches <- b:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// loaded makes room for another batch.
func (p *pending) loaded(b batch) { p.room.Release(b.size()) }

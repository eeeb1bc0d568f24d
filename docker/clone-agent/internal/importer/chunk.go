package importer

import (
	"context"
	"errors"
	"io"
	"time"

	"clonepool.dev/clone-agent/internal/importer/database"
	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/importer/rows"
	"clonepool.dev/clone-agent/internal/job"
	"clonepool.dev/clone-agent/internal/rewrite"
)

// chunkBytes is how much of a table goes into one transaction: what is sent again if the database breaks off. Smaller ones
// were not faster.
const chunkBytes = 32 << 20

// chunkTime is how long a transaction takes rows from a slow source: what comes again if the agent is killed.
const chunkTime = time.Second

// load puts batches into the table, one transaction after the other, until there are no more.
func (t *tableCopy) load(ctx context.Context, pending *pending) error {
	for {
		select {
		case first, ok := <-pending.batches:
			if !ok {
				return nil
			}
			if err := t.chunk(ctx, first, pending); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// chunk is one transaction on its way.
type chunk struct {
	*tableCopy
	encoder  *rows.Encoder
	rewriter *rewrite.Rewriter
	next     position // once it is committed
	bytes    int64
	began    time.Time
}

// chunk puts batches into the table in one transaction, until there are enough of them or no more.
func (t *tableCopy) chunk(ctx context.Context, first batch, pending *pending) error {
	text, out := io.Pipe()
	c := &chunk{tableCopy: t, rewriter: t.rewriter.Fork(), next: t.at.copied(), began: time.Now()}
	c.encoder = rows.NewEncoder(t.columns, c.rewriter, c.largeCell(ctx), out)
	var loading *database.Loading
	loaded := make(chan error, 1)
	go func() {
		var err error
		loading, err = t.database.Load(ctx, t.table.Name, t.columns, text)
		text.Close()
		loaded <- err
	}()
	encoded := c.encode(ctx, first, pending)
	out.CloseWithError(encoded)
	if err := <-loaded; err != nil {
		if encoded != nil && !errors.Is(encoded, io.ErrClosedPipe) {
			return encoded // which the database only repeats
		}
		return err
	}
	return c.commit(loading)
}

// encode turns batches into text.
func (c *chunk) encode(ctx context.Context, next batch, pending *pending) error {
	for {
		if err := c.batch(next); err != nil {
			return err
		}
		pending.loaded(next)
		if c.bytes >= c.chunkBytes || time.Since(c.began) >= chunkTime {
			return nil
		}
		var more bool
		select {
		case next, more = <-pending.batches:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !more {
			return nil
		}
	}
}

func (c *chunk) batch(b batch) error {
	n, err := c.encoder.Rows(b.data)
	switch {
	case errors.Is(err, rows.ErrMalformed):
		return failure.New(job.SourceInvalid, "%s: %w", c.table.Name, err)
	case err != nil:
		return err
	case b.rows >= 0 && b.rows != n:
		return failure.New(job.SourceInvalid, "%s: %d rows came where the source counts %d", c.table.Name, n, b.rows)
	}
	c.bytes += int64(len(b.data))
	c.next.report.Source += n
	c.next.cursor = b.cursor
	if b.cursor == nil {
		c.next.end(b.drift)
	}
	c.next.digest.Write(b.data)
	return nil
}

// commit makes the chunk certain.
func (c *chunk) commit(loading *database.Loading) error {
	if came := c.next.report.Source - c.at.report.Source; loading.Rows != came && !c.bytewise {
		loading.Undo()
		return errRefused
	}
	c.next.report.Clone += loading.Rows
	c.next.report.Warnings += loading.Warnings
	c.next.report.TooLong += c.encoder.TooLong()
	c.next.stats.Add(c.rewriter.Stats())
	c.next.bytes += c.bytes
	if err := c.journal.keepTable(c.at, &c.next); err != nil {
		loading.Undo()
		return err
	}
	c.doubt = &c.next
	if err := loading.Commit(); err != nil {
		return err
	}
	c.at, c.doubt = c.next, nil
	c.unsure.Add(-c.bytes)
	return nil
}

// largeCell returns what fetches a cell that is too large for its row into a file.
func (c *chunk) largeCell(ctx context.Context) rows.LargeCell {
	return func(token string, length int64) (cell []byte, release func(), err error) {
		if err := c.pay(length); err != nil {
			return nil, nil, err
		}
		c.bytes += length
		return rows.Spill(c.spillDir, length, func(w io.Writer) error {
			return c.client.Cell(ctx, c.table.Name, token, length, w)
		})
	}
}

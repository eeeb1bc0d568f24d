package importer

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync/atomic"

	"clonepool.dev/clone-agent/internal/importer/database"
	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/importer/rows"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/job"
	"clonepool.dev/clone-agent/internal/rewrite"
)

const (
	// tableTries is how often a table goes on, without having come further, because a large cell changed under the copy.
	tableTries = 3
	// lostTries is the same for a database that breaks off.
	lostTries = 5
)

// TableReport is what became of one table.
type TableReport struct {
	Name      string   `json:"name"`
	Source    int64    `json:"source_rows"`
	Clone     int64    `json:"clone_rows"`
	Warnings  int64    `json:"warnings,omitempty"`
	TooLong   int64    `json:"too_long,omitempty"`
	Digest    string   `json:"sha256"`               // of the rows as the source sent them
	Changed   *bool    `json:"changed"`              // while it was read, as far as the source can tell
	ChangedBy []string `json:"changed_by,omitempty"` // what showed it
	Bytewise  bool     `json:"-"`                    // with binary collations instead of those that the clone lacks
}

// differs says whether the clone's table is not what was sent.
func (t TableReport) differs() bool { return t.Source != t.Clone || t.Warnings > 0 }

// tableCopy streams one table: source, rewriter and LOAD DATA work side by side, and only rows that the source has
// confirmed go in, in transactions of some size. So a cut at the source needs no rollback, and after one at the database
// it is known to the row what is in the table, with a key or without.
type tableCopy struct {
	client     *source.Client
	database   *database.Database
	journal    *journal
	rewriter   *rewrite.Rewriter
	spillDir   string
	spend      func(int64) error
	recall     func(int64) error // counts what a former agent has received
	table      source.Table
	chunkBytes int64
	together   *together // whose answer has the beginning of the table; nil: none
	begun      bool      // that beginning has been read

	columns []rows.Column
	at      position     // what is in the clone's table for certain
	doubt   *position    // what is there too, if a commit whose answer was lost has succeeded
	unsure  atomic.Int64 // bytes that were spent on rows behind at
	anew    bool         // the table was emptied and begun again
	drift   rowsMeta     // of the last checkpoint
	goesOn  bool         // from the position of a former agent

	bytewise bool // rows were refused: they are loaded into a table of which no collation refuses any
}

func (t *tableCopy) run(ctx context.Context) error {
	t.at = newPosition(t.table.Name)
	if t.journal.tables {
		if err := t.goOn(ctx); err != nil {
			return err
		}
	}
	for tries := 1; !t.at.complete; tries++ {
		began := t.at.report.Source
		err := t.attempt(ctx)
		if err == nil {
			return t.finish()
		}
		if ctx.Err() != nil {
			return err
		}
		if t.at.report.Source > began {
			tries = 1
		}
		switch {
		case errors.Is(err, errRefused):
			if err := t.beginBytewise(ctx); err != nil {
				return err
			}
			continue
		case errors.Is(err, source.ErrCellChanged):
			if tries >= tableTries {
				return failure.New(job.SourceChanged, "%s: %w", t.table.Name, err)
			}
		case t.goesOn && badCursor(err):
			if err := t.empty(ctx); err != nil {
				return err
			}
			continue
		case !database.Lost(err) || tries >= lostTries:
			return err
		}
		if err := t.reconcile(ctx); err != nil {
			return err
		}
	}
	return nil
}

// finish keeps that there are no more rows, where the last of them has not said so.
func (t *tableCopy) finish() error {
	if t.at.complete {
		return nil
	}
	t.at.end(t.drift)
	return t.journal.keepTable(t.at, nil)
}

// attempt goes on behind what is certain until the table is complete.
func (t *tableCopy) attempt(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	pending, loaded := newPending(), make(chan struct{})
	go func() {
		defer close(loaded)
		if err := t.load(ctx, pending); err != nil {
			cancel(err)
		}
	}()
	in := receiver{tableCopy: t, pending: pending}
	err := t.follow(ctx, func(b source.Batch) error { return in.receive(ctx, b) })
	if err != nil {
		cancel(err) // before the end of the batches, which would be taken for that of the table
	}
	close(pending.batches)
	<-loaded
	return context.Cause(ctx)
}

// follow asks for the rows behind what is certain.
func (t *tableCopy) follow(ctx context.Context, receive source.Receiver) error {
	cursor := t.at.cursor
	if t.together != nil && !t.begun {
		t.begun = true
		came, complete, err := t.together.take(ctx, t.table.Name, receive)
		if err != nil || complete {
			return err
		}
		cursor = came
	} else if t.together != nil {
		t.together.end() // it holds one of the places that requests wait for, and waits for us
	}
	parameters := source.Parameters{"table": t.table.Name}
	if cursor != nil {
		parameters["cursor"] = *cursor
	}
	return t.client.Follow(ctx, "rows", parameters, receive)
}

// errRefused: MySQL has not taken each row, because of keys that are equal to it and not to the source.
var errRefused = errors.New("rows were refused")

// beginBytewise begins a table anew with other collations, if those are to blame; if not, the report will say what is missing.
func (t *tableCopy) beginBytewise(ctx context.Context) error {
	anew := newPosition(t.table.Name)
	anew.report.Bytewise = true
	if err := t.journal.keepTable(anew, nil); err != nil {
		return err
	}
	changed, err := t.database.Bytewise(ctx, t.table)
	if err != nil {
		return err
	}
	t.bytewise = true
	if !changed {
		return t.reconcile(ctx)
	}
	_ = t.spend(-t.unsure.Swap(0))
	t.restart(true)
	return nil
}

// receiver passes the source's batches on.
type receiver struct {
	*tableCopy
	pending *pending
	counted int64 // rows of the present answer up to the last batch
}

// rowsMeta is what the source says at a checkpoint of rows.
type rowsMeta struct {
	Rows      *int64   `json:"rows"` // of the present answer
	Changed   *bool    `json:"changed"`
	ChangedBy []string `json:"changed_by"`
}

func (r *receiver) receive(ctx context.Context, b source.Batch) error {
	for _, object := range b.Objects {
		if err := r.header(object); err != nil {
			return err
		}
		r.counted = 0 // each answer begins with its header
	}
	r.drift = rowsMeta{}
	if err := json.Unmarshal(b.Meta, &r.drift); err != nil {
		return failure.New(job.SourceInvalid, "rows of %s: %w", r.table.Name, err)
	}
	if b.Cursor == nil && !b.End {
		return failure.New(job.SourceInvalid, "rows of %s: a checkpoint without a cursor", r.table.Name)
	}
	next := batch{data: b.Data, cursor: b.Cursor, rows: -1, drift: r.drift}
	if r.drift.Rows != nil {
		next.rows = *r.drift.Rows - r.counted
		r.counted = *r.drift.Rows
	}
	if len(b.Data) == 0 && next.rows <= 0 {
		return nil
	}
	if r.columns == nil {
		return failure.New(job.SourceInvalid, "rows of %s come before their columns", r.table.Name)
	}
	if err := r.pay(int64(len(b.Data))); err != nil {
		return err
	}
	return r.pending.put(ctx, next)
}

// pay spends bytes that are given back if they must come again.
func (t *tableCopy) pay(bytes int64) error {
	t.unsure.Add(bytes)
	return t.spend(bytes)
}

func (r *receiver) header(object json.RawMessage) error {
	var header rows.Header
	if err := json.Unmarshal(object, &header); err != nil {
		return failure.New(job.SourceInvalid, "rows of %s: %w", r.table.Name, err)
	}
	if header.Table != "" && header.Table != r.table.Name {
		return failure.New(job.SourceInvalid, "rows of %s came where those of %s should", header.Table, r.table.Name)
	}
	columns, err := rows.Columns(header, r.table)
	if err != nil {
		return failure.New(job.SourceInvalid, "rows of %s: %w", r.table.Name, err)
	}
	if r.columns != nil && !slices.Equal(columns, r.columns) {
		return failure.New(job.SourceChanged, "the columns of %s changed during the import", r.table.Name)
	}
	if r.columns == nil {
		r.columns = columns
	}
	return nil
}

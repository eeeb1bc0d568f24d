package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"slices"

	"clonepool.dev/clone-agent/internal/importer/database"
	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/importer/rows"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/job"
	"clonepool.dev/clone-agent/internal/rewrite"
)

// batchesInFlight may wait between the source and the database; each has about a MiB.
const batchesInFlight = 2

// TableReport is what became of one table.
type TableReport struct {
	Name     string `json:"name"`
	Source   int64  `json:"source_rows"`
	Clone    int64  `json:"clone_rows"`
	Warnings int64  `json:"warnings,omitempty"`
	TooLong  int64  `json:"too_long,omitempty"`
	Digest   string `json:"sha256"` // of the rows as the source sent them
}

// differs says whether the clone's table is not what was sent.
func (t TableReport) differs() bool { return t.Source != t.Clone || t.Warnings > 0 }

// tableCopy streams one table: source, rewriter and LOAD DATA work side by side, and only rows that the source has
// confirmed go in. So a cut needs no rollback: the next request goes on behind the last row that was taken.
type tableCopy struct {
	client   *source.Client
	database *database.Database
	rewriter *rewrite.Rewriter
	spillDir string
	spend    func(int64) error
	table    source.Table

	columns []rows.Column
	batches chan []byte
	text    *io.PipeWriter
	done    chan struct{} // the two goroutines have ended
	encoder *rows.Encoder
	report  TableReport
	digest  hash.Hash
}

func (t *tableCopy) run(ctx context.Context) (TableReport, error) {
	t.report = TableReport{Name: t.table.Name}
	t.digest = sha256.New()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	parameters := source.Parameters{"table": t.table.Name}
	err := t.client.Follow(ctx, "rows", parameters, func(b source.Batch) error { return t.receive(ctx, cancel, b) })
	if t.batches != nil {
		if err != nil {
			t.text.CloseWithError(err)
		}
		close(t.batches)
		<-t.done
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause // the other two say better what happened
	}
	t.report.Digest = hex.EncodeToString(t.digest.Sum(nil))
	return t.report, err
}

// receive passes a batch on; the first one starts the others.
func (t *tableCopy) receive(ctx context.Context, cancel context.CancelCauseFunc, b source.Batch) error {
	for _, object := range b.Objects {
		if err := t.header(ctx, cancel, object); err != nil {
			return err
		}
	}
	if len(b.Data) == 0 {
		return nil
	}
	if t.batches == nil {
		return failure.New(job.SourceInvalid, "rows of %s come before their columns", t.table.Name)
	}
	if err := t.spend(int64(len(b.Data))); err != nil {
		return err
	}
	t.digest.Write(b.Data)
	select {
	case t.batches <- b.Data:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (t *tableCopy) header(ctx context.Context, cancel context.CancelCauseFunc, object json.RawMessage) error {
	var header rows.Header
	if err := json.Unmarshal(object, &header); err != nil {
		return failure.New(job.SourceInvalid, "rows of %s: %w", t.table.Name, err)
	}
	columns, err := rows.Columns(header, t.table)
	if err != nil {
		return failure.New(job.SourceInvalid, "rows of %s: %w", t.table.Name, err)
	}
	if t.columns != nil && !slices.Equal(columns, t.columns) {
		return failure.New(job.SourceChanged, "the columns of %s changed during the import", t.table.Name)
	}
	if t.columns == nil {
		t.columns = columns
		t.start(ctx, cancel)
	}
	return nil
}

// start sets the encoder and the loader to work.
func (t *tableCopy) start(ctx context.Context, cancel context.CancelCauseFunc) {
	t.batches, t.done = make(chan []byte, batchesInFlight), make(chan struct{})
	var text *io.PipeReader
	text, t.text = io.Pipe()
	large := func(token string, length int64) ([]byte, func(), error) { return t.largeCell(ctx, token, length) }
	t.encoder = rows.NewEncoder(t.columns, t.rewriter, large, t.text)
	encoded := make(chan struct{})
	go func() {
		defer close(encoded)
		err := t.encode()
		if err != nil {
			cancel(err)
		}
		t.text.CloseWithError(err)
	}()
	go func() {
		defer close(t.done)
		loaded, err := t.database.Load(ctx, t.table.Name, t.columns, text)
		if err != nil {
			cancel(err)
		}
		text.CloseWithError(err)
		<-encoded
		t.report.Clone, t.report.Warnings, t.report.TooLong = loaded.Rows, loaded.Warnings, t.encoder.TooLong()
	}()
}

// encode turns batches into text until there are no more. After an error it only drains them.
func (t *tableCopy) encode() error {
	var failed error
	for data := range t.batches {
		if failed != nil {
			continue
		}
		n, err := t.encoder.Rows(data)
		t.report.Source += n
		failed = err
	}
	if errors.Is(failed, rows.ErrMalformed) {
		return failure.New(job.SourceInvalid, "%s: %w", t.table.Name, failed)
	}
	return failed
}

// largeCell fetches a cell that is too large for its row into a file.
func (t *tableCopy) largeCell(ctx context.Context, token string, length int64) (cell []byte, release func(), err error) {
	if err := t.spend(length); err != nil {
		return nil, nil, err
	}
	return rows.Spill(t.spillDir, length, func(w io.Writer) error {
		return t.client.Cell(ctx, t.table.Name, token, length, w)
	})
}

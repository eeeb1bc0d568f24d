package importer

import (
	"context"
	"encoding/json"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/job"
)

const (
	// smallBytes is what the source may estimate of a table that shares its request: to start WordPress for it takes as long
	// as to send some hundred KiB. A table of few rows has 16 KiB and as much for each index.
	smallBytes = 512 << 10
	// tablesTogether of one request, which a slow source must answer within seconds.
	tablesTogether = 24
)

// groups are the tables of each request: large ones alone, small ones together, as many as the source takes in one. The
// small ones are dealt out, so that requests side by side end at about the same time.
func groups(tables []source.Table, most int) (out [][]source.Table) {
	var small []source.Table
	for _, table := range tables {
		if most > 1 && table.Bytes <= smallBytes && table.RowFilter != "empty" {
			small = append(small, table)
		} else {
			out = append(out, []source.Table{table})
		}
	}
	if len(small) == 0 {
		return out
	}
	most = min(most, tablesTogether)
	dealt := make([][]source.Table, min(len(small), max(tablesAtOnce, (len(small)+most-1)/most)))
	for i, table := range small {
		dealt[i%len(dealt)] = append(dealt[i%len(dealt)], table)
	}
	return append(out, dealt...)
}

// together is one answer with the rows of several tables. Whoever copies them takes each in its turn; a table that the
// answer has not, or not to its end, is asked for by itself.
type together struct {
	batches  chan source.Batch // closed behind the last one
	cancel   context.CancelFunc
	complete bool // a table has come to its end in it
}

func ask(ctx context.Context, client *source.Client, tables []source.Table) *together {
	names := make([]string, len(tables))
	for i, table := range tables {
		names[i] = table.Name
	}
	ctx, cancel := context.WithCancel(ctx)
	t := &together{batches: make(chan source.Batch), cancel: cancel}
	go func() {
		defer close(t.batches)
		client.Together(ctx, names, func(b source.Batch) error {
			select {
			case t.batches <- b:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
	}()
	return t
}

// end ends the request, and waits until it has ended.
func (t *together) end() {
	t.cancel()
	for range t.batches { // what is dropped is asked for again
	}
}

// take hands over the batches of a table. It returns where the table goes on if it is not complete, nil for its beginning.
// With an error, or without its end, the answer has ended too: the rest of the table would have to be passed over.
func (t *together) take(ctx context.Context, table string, receive source.Receiver) (cursor *string, complete bool, err error) {
	defer func() {
		if !complete {
			t.end()
		}
	}()
	for begun := false; ; begun = true {
		var b source.Batch
		var more bool
		select {
		case b, more = <-t.batches:
		case <-ctx.Done():
			return nil, false, context.Cause(ctx)
		}
		if !more || b.End || !begun && said(b.Objects...).Table != table {
			return cursor, false, nil
		}
		point := said(b.Meta)
		if point.Complete && point.Table != table {
			return nil, false, failure.New(job.SourceInvalid, "rows of %s end as those of %q", table, point.Table)
		}
		b.End = point.Complete // of all that is sent of this table
		if err := receive(b); err != nil {
			return nil, false, err
		}
		if point.Complete {
			t.complete = true
			return nil, true, nil
		}
		cursor = b.Cursor
	}
}

// ofTable is what an object of such an answer says of its table.
type ofTable struct {
	Table    string `json:"table"`
	Complete bool   `json:"complete"`
}

// said is what the first of some objects says; nothing, if there is none.
func said(objects ...json.RawMessage) (first ofTable) {
	if len(objects) == 0 || json.Unmarshal(objects[0], &first) != nil {
		return ofTable{}
	}
	return first
}

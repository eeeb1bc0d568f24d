package importer

import (
	"context"
	"slices"
	"strings"
	"sync"

	"clonepool.dev/clone-agent/internal/importer/database"
	"clonepool.dev/clone-agent/internal/importer/source"
)

// tablesAtOnce: LOAD DATA keeps one core of MySQL busy, and a second one the rewriter and the source.
const tablesAtOnce = 2

// tables copies the whole database.
func (r *run) tables(ctx context.Context) error {
	tables, err := r.client.Tables(ctx)
	if err != nil {
		return err
	}
	create := func() ([]database.Adapted, error) { return r.database.Recreate(ctx, tables) }
	if r.adapted, err = r.journal.define(tables, create); err != nil {
		return err
	}
	if tables, err = r.withoutLeftOut(tables); err != nil {
		return err
	}
	if r.journal.tables {
		if err := r.database.DropObjects(ctx); err != nil {
			return err
		}
	}
	if err := r.rows(ctx, tables); err != nil {
		return err
	}
	if r.viewsFailed, err = r.database.Views(ctx, tables); err != nil {
		return err
	}
	r.triggersFailed, err = r.database.Triggers(ctx, tables)
	return err
}

// rows copies the rows of all tables, the largest first so that none is left alone at the end.
func (r *run) rows(ctx context.Context, tables []source.Table) error {
	queue := slices.DeleteFunc(slices.Clone(tables), func(t source.Table) bool { return t.Type == "view" })
	slices.SortStableFunc(queue, func(a, b source.Table) int { return int(min(max(b.Bytes-a.Bytes, -1), 1)) })
	most := r.preflight.Limits.MaxTables
	if r.journal.tables { // a former agent's tables go on where each of them is
		most = 1
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	next := make(chan []source.Table)
	for range tablesAtOnce {
		workers.Go(func() {
			for group := range next {
				if err := r.group(ctx, group); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, group := range groups(queue, most) {
		select {
		case next <- group:
		case <-ctx.Done():
		}
	}
	close(next)
	workers.Wait()
	return context.Cause(ctx)
}

// group copies tables of one request.
func (r *run) group(ctx context.Context, tables []source.Table) error {
	var answer *together
	if len(tables) > 1 && !r.oneByOne.Load() {
		answer = ask(ctx, r.client, tables)
		defer func() {
			answer.end()
			if !answer.complete { // a source, or a host before it, that cannot do this will not learn it
				r.oneByOne.Store(true)
			}
		}()
	}
	for _, table := range tables {
		if err := r.table(ctx, table, answer); err != nil {
			return err
		}
	}
	return nil
}

// table copies one table, from its beginning in an answer if there is one.
func (r *run) table(ctx context.Context, table source.Table, answer *together) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if table.RowFilter == "empty" {
		at := newPosition(table.Name)
		at.report.Changed = new(bool) // no row travels, so none is of another time
		r.took(at)
		return nil
	}
	t := &tableCopy{
		client: r.client, database: r.database, journal: r.journal, rewriter: r.rewriter, spillDir: r.env.SpillDir,
		spend: r.progress.spend, recall: r.progress.recall, table: table, chunkBytes: r.env.ChunkBytes, together: answer,
	}
	if t.chunkBytes <= 0 {
		t.chunkBytes = chunkBytes
	}
	if err := t.run(ctx); err != nil {
		return err
	}
	r.took(t.at)
	return nil
}

// sortReports orders the reports by name, as they came in any order.
func sortReports(reports []TableReport) {
	slices.SortFunc(reports, func(a, b TableReport) int { return strings.Compare(a.Name, b.Name) })
}

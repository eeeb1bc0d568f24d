package importer

import (
	"context"
	"errors"

	"clonepool.dev/clone-agent/internal/importer/source"
)

// goOn begins with the position of a former agent, as far as the table still agrees with it.
func (t *tableCopy) goOn(ctx context.Context) error {
	kept := t.journal.table(t.table.Name)
	if kept.At.report.Bytewise && kept.Doubt == nil && !kept.At.complete {
		return t.beginBytewise(ctx) // the other agent may not have come to that
	}
	t.at, t.doubt, t.bytewise = kept.At, kept.Doubt, kept.At.report.Bytewise
	if err := t.reconcile(ctx); err != nil {
		return err
	}
	t.goesOn = t.at.cursor != nil
	return t.recall(t.at.bytes)
}

// badCursor says whether the source does not go on at a position of a former agent.
func badCursor(err error) bool {
	var answered *source.AnswerError
	return errors.As(err, &answered) && answered.Code == "bad_request"
}

// reconcile finds out what is in the table after something broke off, and empties it if that is nothing known.
func (t *tableCopy) reconcile(ctx context.Context) error {
	_ = t.spend(-t.unsure.Swap(0)) // those rows come again
	count, err := t.database.Count(ctx, t.table.Name)
	if err != nil {
		return err
	}
	switch doubt := t.doubt; {
	case count == t.at.report.Clone:
	case doubt != nil && count == doubt.report.Clone:
		t.at = *doubt
	default: // tables without transactions
		return t.empty(ctx)
	}
	t.doubt = nil
	return nil
}

// empty begins a table anew.
func (t *tableCopy) empty(ctx context.Context) error {
	_ = t.spend(-t.unsure.Swap(0))
	if err := t.database.Truncate(ctx, t.table.Name); err != nil {
		return err
	}
	t.restart(t.at.report.Bytewise)
	return nil
}

// restart forgets the position: the table is empty.
func (t *tableCopy) restart(bytewise bool) {
	t.at, t.doubt, t.anew, t.goesOn = newPosition(t.table.Name), nil, true, false
	t.at.report.Bytewise = bytewise
}

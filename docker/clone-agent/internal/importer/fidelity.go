package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"clonepool.dev/clone-agent/internal/importer/database"
	"clonepool.dev/clone-agent/internal/rewrite"
)

// The lists of the report end here; counts tell the rest.
const (
	maxListed = 1000
	maxTables = 5000 // of all tables, one by one: a megabyte of names, counts and checksums
)

// took adds a finished table to the report.
func (r *run) took(at position) {
	for i := range at.stats.Listed {
		at.stats.Listed[i].Cell = at.report.Name + "." + at.stats.Listed[i].Cell
	}
	at.report.Digest = at.sum()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reports = append(r.reports, at.report)
	r.stats.Add(at.stats)
}

// fidelity says how the clone compares with its source.
func (r *run) fidelity() map[string]any {
	sortReports(r.reports)
	var sent, loaded, tooLong int64
	var differing []TableReport
	var changed []map[string]any
	var unsure []string
	missing, adapted := r.leftOut()
	for _, t := range r.reports {
		sent, loaded, tooLong = sent+t.Source, loaded+t.Clone, tooLong+t.TooLong
		if t.Bytewise {
			adapted = append(adapted, database.Adapted{Table: t.Name, Change: "with binary collations", Error: "keys that the source tells apart are equal in the nearest collations"})
		}
		switch {
		case t.Changed == nil:
			unsure = append(unsure, t.Name)
		case *t.Changed:
			changed = append(changed, map[string]any{"table": t.Name, "changed_by": orEmpty(t.ChangedBy)})
		}
		if t.differs() {
			differing = append(differing, t)
		}
	}
	notRewritten := map[string]int64{rewrite.ReasonTooLong: tooLong}
	for reason, n := range r.stats.NotRewritten {
		notRewritten[reason] = n
	}
	return map[string]any{
		"tables":              len(r.reports),
		"rows":                map[string]any{"source": sent, "clone": loaded},
		"tables_copied":       orEmpty(r.reports[:min(len(r.reports), maxTables)]),
		"tables_differing":    listed(differing),
		"tables_changed":      listed(changed), // while they were read
		"tables_unsure":       listed(unsure),  // whether they were, their server cannot tell
		"tables_left_out":     listed(missing),
		"tables_adapted":      listed(adapted), // which the clone's server did not take as they are
		"views_failed":        listed(r.viewsFailed),
		"triggers_failed":     listed(r.triggersFailed),
		"cells_rewritten":     r.stats.Rewritten,
		"cells_not_rewritten": notRewritten,
		"cells_listed":        orEmpty(r.stats.Listed),
		"resumed":             r.journal.went,
		"bytes":               r.progress.line().BytesDone,
		"checksum":            r.checksum(),
		"versions":            r.versions(),
		"plugins_off":         orEmpty(r.off),
		"drop_ins_off":        orEmpty(r.aside),
		"smoke_warnings":      orEmpty(r.warnings),
	}
}

// checksum is one digest of all rows as the source sent them; each part of them carried the right MAC.
func (r *run) checksum() string {
	sum := sha256.New()
	for _, t := range r.reports {
		fmt.Fprintf(sum, "%s %d %s\n", t.Name, t.Source, t.Digest)
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil))
}

// listed bounds a list.
func listed[T any](list []T) []T { return orEmpty(list[:min(len(list), maxListed)]) }

// orEmpty makes an empty list of none, so that JSON says [] and not null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

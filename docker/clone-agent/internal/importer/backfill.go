package importer

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/importer/files"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/job"
	"clonepool.dev/clone-agent/internal/layout"
)

const (
	// laterRoot is the tree that follows once the clone is usable: a page shows without its pictures, and what a visitor
	// asks for meanwhile is fetched ahead.
	laterRoot = "uploads"
	// streamsFirst leaves the source's other places to the tables, streamsLater one to what is fetched ahead.
	streamsFirst, streamsLater = 2, 3
	// patienceLater is how long a silent source is waited for when nobody waits for the clone any more.
	patienceLater = 3 * time.Minute

	stateFile  = layout.BackfillDir + "/state.json"
	usableFile = layout.BackfillDir + "/usable.json"
)

// Fetch takes one of the files that follow now, and says whether the source has it. Its name is relative to the uploads.
type Fetch = func(ctx context.Context, name string) (bool, error)

// saved is what another agent needs to go on with a back-fill. It lies beside the document root, where the site can write:
// what it gains by that is a wrong report about itself.
type saved struct {
	files.State
	Base  int64 `json:"base"` // files that were there when the clone became usable
	Bytes int64 `json:"bytes"`
}

// usable is what was known when the clone became usable.
type usable struct {
	Fidelity map[string]any      `json:"fidelity"`
	Timings  map[job.Phase]int64 `json:"timings_ms"`
}

// splitRoots separates the trees that make a clone usable from the one that follows.
func splitRoots(roots []source.Root) (first []source.Root, later *source.Root) {
	for i, root := range roots {
		if root.Name == laterRoot {
			later = &roots[i]
		} else {
			first = append(first, root)
		}
	}
	return first, later
}

// resume prepares what is still missing in a clone that is usable: the agent that made it so is gone.
func (r *run) resume(ctx context.Context) (err error) {
	if r.client, err = source.New(ctx, r.job, r.env.Source); err != nil {
		return err
	}
	if err = r.openFolders(); err != nil {
		return err
	}
	r.restored = &usable{}
	if r.preflight, err = r.client.Preflight(ctx); err != nil {
		return err
	}
	r.copier = r.newCopier(nil)
	return nil
}

func (r *run) newCopier(known func(string) string) *files.Copier {
	sizes := map[string]int64{}
	for name, root := range r.preflight.Files.ByRoot {
		sizes[name] = root.Bytes
	}
	return &files.Copier{
		Client: r.client, Root: r.root, Spend: r.progress.spend, Known: known, Streams: streamsFirst,
		Parts: r.preflight.Limits.MaxParts, Sizes: sizes, Room: max(r.job.Limits.Site-imageBytes, 0),
	}
}

// backfill tells that the clone is usable, and brings the rest. Its failure is one of completeness only.
func (r *run) backfill(ctx context.Context, offer func(Fetch)) error {
	_, root := splitRoots(r.preflight.Roots)
	if root == nil {
		r.progress.becomeUsable(r.faithful(true, nil), 0, 0, meter{}, func() int64 { return 0 })
		return nil
	}
	b := &files.Backfill{
		Copier: r.copier, Volume: r.volume, Docroot: filepath.Base(r.env.Docroot), Folder: layout.BackfillDir, Root: *root,
	}
	from, err := r.begin(b)
	if err != nil {
		return err
	}
	r.client.BePatient(patienceLater)
	r.copier.Streams, r.copier.Spend = streamsLater, r.progress.spendLater
	size := r.preflight.Files.ByRoot[laterRoot]
	arrived := func() int64 { return r.copier.Report().Files - from.Base }
	r.progress.becomeUsable(r.faithful(false, nil), size.Count, size.Bytes, meter{done: from.Bytes, before: from.Bytes}, arrived)
	offer(b.Fetch)
	err = r.progress.timed(job.Uploads, func() error { return r.progress.ticking(ctx, b.Run) })
	offer(nil)
	if errors.Is(err, context.Canceled) {
		return err // what is saved may be all that is left to go on with
	}
	return errors.Join(err, r.volume.RemoveAll(layout.BackfillDir))
}

// begin reads where a former agent was, or puts down that a back-fill begins.
func (r *run) begin(b *files.Backfill) (from saved, err error) {
	if r.restored != nil && load(r.volume, stateFile, &from) == nil {
		_ = load(r.volume, usableFile, r.restored)
		b.Begin(&from.State)
	} else {
		r.copier.Streams = streamsLater
		b.Begin(nil)
		from.Base = r.copier.Report().Files
	}
	b.Save = func(state files.State) error {
		return store(r.volume, stateFile, saved{state, from.Base, r.progress.line().Backfill.BytesDone})
	}
	if err := r.volume.MkdirAll(layout.BackfillDir, 0o700); err != nil {
		return from, err
	}
	if r.restored == nil {
		if err := store(r.volume, usableFile, usable{r.faithful(false, nil), r.progress.line().TimingsMS}); err != nil {
			return from, err
		}
	}
	return from, store(r.volume, stateFile, saved{b.State(), from.Base, from.Bytes})
}

// faithful is the report: what was known when the clone became usable, and the files as they are now.
func (r *run) faithful(complete bool, missing error) map[string]any {
	fidelity := map[string]any{}
	if r.restored != nil {
		maps.Copy(fidelity, r.restored.Fidelity)
	} else {
		fidelity = r.fidelity()
	}
	if r.copier != nil {
		report := r.copier.Report()
		fidelity["files"], fidelity["file_bytes"] = report.Files, report.Bytes
		fidelity["files_skipped"], fidelity["files_skipped_count"] = orEmpty(report.Skipped), report.SkippedAt
		fidelity["files_kept"], fidelity["files_kept_count"] = orEmpty(report.Kept), report.KeptAt
	}
	fidelity["complete"] = complete
	if missing != nil {
		code, detail := failure.Of(missing)
		fidelity["incomplete"] = map[string]any{"code": code, "detail": detail, "missing": "files of wp-content/uploads"}
	}
	return fidelity
}

// uploadsOf is what follows of all that preflight counted.
func (r *run) uploadsOf() int64 {
	if !slices.ContainsFunc(r.preflight.Roots, func(root source.Root) bool { return root.Name == laterRoot }) {
		return 0
	}
	return r.preflight.Files.ByRoot[laterRoot].Bytes
}

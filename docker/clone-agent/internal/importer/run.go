package importer

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"clonepool.dev/clone-agent/internal/importer/database"
	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/importer/files"
	"clonepool.dev/clone-agent/internal/importer/site"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/job"
	"clonepool.dev/clone-agent/internal/rewrite"
)

// Limits that hold where the job names none.
const (
	defaultSeconds = 1800
	defaultBytes   = 50 << 30
)

// Keys of the timings that are no phase: until the clone was usable, until it was complete.
const (
	untilUsable job.Phase = "usable"
	total       job.Phase = "total"
)

// run is one import.
type run struct {
	job      job.Job
	env      Env
	progress *progress

	client    *source.Client
	database  *database.Database
	root      *os.Root // of the documents
	volume    *os.Root // around it
	journal   *journal
	preflight *source.Preflight
	rewriter  *rewrite.Rewriter
	copier    *files.Copier
	restored  *usable // what a former agent knew, where this one only goes on
	home      string  // the clone's
	siteURL   string
	oneByOne  atomic.Bool // the source does not answer with several tables

	mu             sync.Mutex
	reports        []TableReport
	stats          rewrite.Stats
	adapted        []database.Adapted
	viewsFailed    []database.Failed
	triggersFailed []database.Failed
	aside          []string
	off            []Off
	warnings       []string
	cloneDatabase  string
	clonePHP       string
	cloneWordPress string
}

// Run imports a site and reports lines, the last one with a result. It returns when nothing of it is left running. Once the
// clone is usable the rest follows, and offer gets what fetches one of its files ahead, or nil when there is no more.
func Run(ctx context.Context, j job.Job, env Env, report func(job.Line), offer func(Fetch)) {
	bytes := j.Limits.Bytes
	if bytes <= 0 {
		bytes = defaultBytes
	}
	began := time.Now()
	r := &run{job: j, env: env, progress: newProgress(report, bytes)}
	defer r.close()
	if err := r.makeUsable(ctx); err != nil && !j.Backfill {
		line := r.progress.line()
		line.TimingsMS, line.Result = r.progress.timings, job.ResultFailed
		line.Code, line.Detail = failure.Of(err)
		report(line)
		return
	} else if err != nil { // whatever is missing, the clone is in use
		r.finish(began, err)
		return
	}
	limited, cancel := untilExpiry(ctx, j)
	defer cancel()
	missing := r.backfill(limited, offer)
	if ctx.Err() != nil {
		return // the generation, or this agent, has ended: there may be another one that goes on
	}
	r.finish(began, missing)
}

// makeUsable is the import as far as somebody waits for it.
func (r *run) makeUsable(ctx context.Context) error {
	seconds := r.job.Limits.Seconds
	if seconds <= 0 {
		seconds = defaultSeconds
	}
	limit := time.Duration(seconds) * time.Second
	ctx, cancel := context.WithTimeoutCause(ctx, limit, failure.New(job.Timeout, "the import took longer than the %s that it may", limit))
	defer cancel()
	all := r.all
	if r.job.Backfill {
		all = r.resume
	}
	err := r.progress.timed(untilUsable, func() error { return all(ctx) })
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// untilExpiry ends with the job's key: the source refuses what comes later.
func untilExpiry(ctx context.Context, j job.Job) (context.Context, context.CancelFunc) {
	if j.ExpiresAt <= 0 || j.ExpiresAt > 1<<33 {
		return context.WithCancel(ctx)
	}
	return context.WithDeadlineCause(ctx, time.Unix(j.ExpiresAt, 0), failure.New(job.Timeout, "the clone's key for its source has expired"))
}

// finish reports the end of an import whose clone is usable.
func (r *run) finish(began time.Time, missing error) {
	r.progress.took(total, time.Since(began))
	line := r.progress.line()
	line.Phase, line.Usable, line.Result = job.Done, true, job.ResultOK
	line.Percent, line.ETASeconds, line.BytesTotal = 100, 0, line.BytesDone
	if line.Backfill != nil {
		line.Backfill.ETASeconds = 0
		if missing == nil {
			line.Backfill.Percent, line.Backfill.BytesTotal, line.Backfill.FilesTotal = 100, line.Backfill.BytesDone, line.Backfill.FilesDone
		}
	}
	line.TimingsMS, line.Fidelity = r.progress.timings, r.faithful(missing == nil, missing)
	r.progress.report(line)
}

func (r *run) close() {
	if r.client != nil {
		r.client.Close()
	}
	if r.database != nil {
		r.database.Close()
	}
	for _, folder := range []*os.Root{r.root, r.volume} {
		if folder != nil {
			folder.Close()
		}
	}
}

// all is the import from its beginning to its end.
func (r *run) all(ctx context.Context) error {
	r.progress.enter(job.Preflight)
	if err := r.progress.timed(job.Preflight, func() error { return r.prepare(ctx) }); err != nil {
		return err
	}
	if err := r.transfer(ctx); err != nil {
		return err
	}
	if err := r.journal.end(); err != nil { // the site's own code, which runs from here on, could write to it
		return err
	}
	r.progress.enter(job.Config)
	if err := r.progress.timed(job.Config, func() error { return r.configure(ctx) }); err != nil {
		return err
	}
	r.progress.enter(job.Smoke)
	return r.progress.timed(job.Smoke, func() error { return r.smoke(ctx) })
}

// openFolders opens what is written to.
func (r *run) openFolders() (err error) {
	if r.root, err = os.OpenRoot(r.env.Docroot); err == nil {
		r.volume, err = os.OpenRoot(filepath.Dir(r.env.Docroot))
	}
	return err
}

// prepare asks the source what it is, and opens all that is written to.
func (r *run) prepare(ctx context.Context) (err error) {
	if err = site.WriteLease(r.env.LeaseDir, r.job); err != nil {
		return err
	}
	if r.client, err = source.New(ctx, r.job, r.env.Source); err != nil {
		return err
	}
	if r.preflight, err = r.client.Preflight(ctx); err != nil {
		return err
	}
	if err = fitsOneAddress(r.preflight); err != nil {
		return err
	}
	if err = r.openFolders(); err != nil {
		return err
	}
	if err = r.openJournal(ctx); err != nil {
		return err
	}
	if err = r.room(); err != nil {
		return err
	}
	if err = r.mapAddresses(); err != nil {
		return err
	}
	address, err := r.env.address()
	if err != nil {
		return err
	}
	connect := database.Open
	if r.journal.went {
		connect = database.Reopen // what killed the other agent may have killed more
	}
	if r.database, err = connect(ctx, address); err != nil {
		return err
	}
	r.cloneDatabase, err = r.database.Version(ctx)
	return err
}

// transfer copies tables and files side by side: all that the clone needs to be usable.
func (r *run) transfer(ctx context.Context) error {
	known, err := r.env.known()
	if err != nil {
		return err
	}
	r.copier = r.newCopier(known)
	r.copier.From, r.copier.Save = r.journal.files, r.journal.keepFiles
	first, _ := splitRoots(r.preflight.Roots)
	// The image brings WordPress itself; of that, only what differs travels.
	r.progress.transfer(r.preflight.BytesEstimate + r.preflight.Files.Bytes - r.preflight.Files.ByRoot["core"].Bytes - r.uploadsOf())
	if err := r.progress.recall(r.journal.received()); err != nil {
		return err
	}
	r.progress.enter(job.Database)
	return r.progress.ticking(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		var workers sync.WaitGroup
		work := func(phase job.Phase, copyAll func(context.Context) error) {
			workers.Go(func() {
				if err := r.progress.timed(phase, func() error { return copyAll(ctx) }); err != nil {
					cancel(err)
				}
				if phase == job.Database {
					r.progress.enter(job.Files)
				}
			})
		}
		work(job.Database, r.tables)
		work(job.Files, func(ctx context.Context) error { return r.copier.Copy(ctx, first) })
		workers.Wait()
		return context.Cause(ctx)
	})
}

// configure makes a clone of the copy.
func (r *run) configure(ctx context.Context) (err error) {
	if r.aside, err = site.SetAside(r.root); err != nil {
		return err
	}
	roots, content := site.Paths(r.preflight.Site.Home, r.preflight.Site.SiteURL, r.preflight.URLs["content"])
	for _, name := range roots {
		if err := site.Link(r.root, name, "."); err != nil {
			return err
		}
	}
	config := site.Config{
		Database: r.env.Database.Schema, User: r.env.Database.User, Host: r.env.Database.Host,
		PasswordFile: r.env.PasswordFile, Charset: r.preflight.Database.Charset, Prefix: r.preflight.Database.Prefix,
		Home: r.home, SiteURL: r.siteURL, Network: r.networkConfig(),
	}
	if content != "" {
		config.ContentURL = strings.TrimRight(r.job.PublicURL, "/") + "/" + content
		if err := site.Link(r.root, content, "wp-content"); err != nil {
			return err
		}
	}
	if err := config.Write(r.root); err != nil {
		return err
	}
	if err := site.Permalinks(r.root, config.Network); err != nil {
		return err
	}
	return r.database.Settle(ctx, r.settings())
}

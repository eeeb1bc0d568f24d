package importer

import (
	"context"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
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

// total is the key of the whole import in the timings.
const total job.Phase = "total"

// run is one import.
type run struct {
	job      job.Job
	env      Env
	progress *progress

	client    *source.Client
	database  *database.Database
	root      *os.Root
	preflight *source.Preflight
	rewriter  *rewrite.Rewriter
	copier    *files.Copier
	home      string // the clone's
	siteURL   string

	mu             sync.Mutex
	reports        []TableReport
	stats          rewrite.Stats
	viewsFailed    []string
	triggersFailed []string
	aside          []string
	off            []Off
	warnings       []string
	cloneDatabase  string
}

// Run imports a site and reports lines, the last one with a result. It returns when nothing of it is left running.
func Run(ctx context.Context, j job.Job, env Env, report func(job.Line)) {
	seconds, bytes := j.Limits.Seconds, j.Limits.Bytes
	if seconds <= 0 {
		seconds = defaultSeconds
	}
	if bytes <= 0 {
		bytes = defaultBytes
	}
	limited, cancel := context.WithTimeout(ctx, time.Duration(seconds)*time.Second)
	defer cancel()
	r := &run{job: j, env: env, progress: newProgress(report, bytes)}
	defer r.close()
	err := r.progress.timed(total, func() error { return r.all(limited) })
	line := r.progress.line()
	line.TimingsMS = r.progress.timings
	if err != nil {
		line.Result = job.ResultFailed
		line.Code, line.Detail = failure.Of(err)
		if limited.Err() != nil && ctx.Err() == nil {
			line.Code = job.Timeout
		}
		report(line)
		return
	}
	line.Phase, line.Percent, line.ETASeconds, line.BytesTotal = job.Done, 100, 0, line.BytesDone
	line.Result, line.Fidelity = job.ResultOK, r.fidelity()
	report(line)
}

func (r *run) close() {
	if r.client != nil {
		r.client.Close()
	}
	if r.database != nil {
		r.database.Close()
	}
	if r.root != nil {
		r.root.Close()
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
	r.progress.enter(job.Config)
	if err := r.progress.timed(job.Config, func() error { return r.configure(ctx) }); err != nil {
		return err
	}
	r.progress.enter(job.Smoke)
	return r.progress.timed(job.Smoke, func() error { return r.smoke(ctx) })
}

// prepare asks the source what it is, and opens all that is written to.
func (r *run) prepare(ctx context.Context) (err error) {
	if r.client, err = source.New(ctx, r.job, r.env.Source); err != nil {
		return err
	}
	if r.preflight, err = r.client.Preflight(ctx); err != nil {
		return err
	}
	if r.preflight.Site.Multisite {
		return failure.New(job.Incompatible, "the source is a network of sites, which cannot be cloned yet")
	}
	if r.root, err = os.OpenRoot(r.env.Docroot); err != nil {
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
	if r.database, err = database.Open(ctx, address); err != nil {
		return err
	}
	r.cloneDatabase, err = r.database.Version(ctx)
	return err
}

// room refuses early what will not fit.
func (r *run) room() error {
	expected := r.preflight.BytesEstimate + r.preflight.Files.Bytes
	if expected > r.progress.limit {
		return failure.New(job.TooLarge, "the source has about %d bytes, a clone may have %d", expected, r.progress.limit)
	}
	var disk syscall.Statfs_t
	if err := syscall.Statfs(r.env.Docroot, &disk); err != nil {
		return err
	}
	if free := int64(disk.Bavail) * disk.Bsize; r.preflight.Files.Bytes > free {
		return failure.New(job.DiskFull, "the source has %d bytes of files, the pod has room for %d", r.preflight.Files.Bytes, free)
	}
	return nil
}

// mapAddresses decides which addresses and paths become which. The path of a URL stays, so a site in /blog is one in the clone.
func (r *run) mapAddresses() (err error) {
	facts := r.preflight
	public := strings.TrimRight(r.job.PublicURL, "/")
	r.home, r.siteURL = join(public, facts.Site.Home), join(public, facts.Site.SiteURL)
	m := rewrite.Mapping{
		Sources: withHost(facts.Site.Home, facts.Site.SiteURL, r.job.SourceURL),
		Target:  public,
		Paths:   []rewrite.PathMapping{{From: facts.Paths["abspath"], To: r.env.Docroot}},

		SpillDir: r.env.SpillDir,
	}
	r.rewriter, err = rewrite.New(m)
	if err != nil {
		return failure.New(job.SourceInvalid, "%w", err)
	}
	return nil
}

func join(public, address string) string {
	if p := site.URLPath(address); p != "" {
		return public + "/" + p
	}
	return public
}

// withHost keeps the addresses that have a host.
func withHost(addresses ...string) (out []string) {
	for _, address := range addresses {
		if u, err := url.Parse(address); err == nil && u.Hostname() != "" {
			out = append(out, address)
		}
	}
	return out
}

// transfer copies tables and files side by side.
func (r *run) transfer(ctx context.Context) error {
	known, err := r.env.known()
	if err != nil {
		return err
	}
	r.copier = &files.Copier{Client: r.client, Root: r.root, Spend: r.progress.spend, Known: known}
	// The image brings WordPress itself; of that, only what differs travels.
	r.progress.transfer(r.preflight.BytesEstimate + r.preflight.Files.Bytes - r.preflight.Files.ByRoot["core"].Bytes)
	r.progress.enter(job.Database)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ticking, stop := context.WithCancel(ctx)
	var ticker, workers sync.WaitGroup
	ticker.Go(func() { r.progress.tick(ticking) })
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
	work(job.Files, func(ctx context.Context) error { return r.copier.Copy(ctx, r.preflight.Roots) })
	workers.Wait()
	stop()
	ticker.Wait()
	return context.Cause(ctx)
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
		Home: r.home, SiteURL: r.siteURL,
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
	tables := map[string]bool{}
	for _, report := range r.reports {
		tables[report.Name] = true
	}
	return r.database.Settle(ctx, database.Settings{
		Prefix: r.preflight.Database.Prefix, Home: r.home, SiteURL: r.siteURL, Tables: tables,
	})
}

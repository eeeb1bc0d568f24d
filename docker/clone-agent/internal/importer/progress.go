package importer

import (
	"context"
	"maps"
	"sync"
	"time"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/job"
)

const (
	// reportEvery is the pace of reports while something changes,
	reportEvery = 250 * time.Millisecond
	// atLeastEvery while nothing does.
	atLeastEvery = time.Second
)

// progress counts bytes and turns them into lines. It is safe for concurrent use.
type progress struct {
	report func(job.Line)
	limit  int64

	reporting sync.Mutex // reports come one after the other

	mu       sync.Mutex
	phase    job.Phase
	main     meter // all that makes the clone usable
	timings  map[job.Phase]int64
	usable   bool
	fidelity map[string]any // once usable
	fill     meter          // what follows then
	files    func() int64   // of the back-fill that are there
	allFiles int64
}

func newProgress(report func(job.Line), limit int64) *progress {
	return &progress{report: report, limit: limit, phase: job.Preflight, timings: map[job.Phase]int64{}}
}

// spend counts received bytes and refuses those beyond the limit.
func (p *progress) spend(bytes int64) error { return p.count(&p.main, bytes) }

// spendLater counts those of the back-fill.
func (p *progress) spendLater(bytes int64) error { return p.count(&p.fill, bytes) }

// recall counts what a former agent has received.
func (p *progress) recall(bytes int64) error {
	p.mu.Lock()
	p.main.before += bytes
	p.mu.Unlock()
	return p.spend(bytes)
}

func (p *progress) count(m *meter, bytes int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	m.done += bytes
	if p.main.done+p.fill.done > p.limit {
		return failure.New(job.TooLarge, "the source has sent more than the %d bytes that a clone may have", p.limit)
	}
	return nil
}

// transfer says how much is to come.
func (p *progress) transfer(total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.main.start(total)
}

// becomeUsable begins the second stage and reports it.
func (p *progress) becomeUsable(fidelity map[string]any, files, bytes int64, from meter, arrived func() int64) {
	p.mu.Lock()
	p.usable, p.fidelity, p.phase = true, fidelity, job.Uploads
	p.fill = from
	p.fill.start(bytes)
	p.allFiles, p.files = files, arrived
	p.mu.Unlock()
	p.say()
}

// enter moves to a phase and reports it at once.
func (p *progress) enter(phase job.Phase) {
	p.mu.Lock()
	p.phase = phase
	p.mu.Unlock()
	p.say()
}

// say reports the present state.
func (p *progress) say() (line job.Line) {
	p.reporting.Lock()
	defer p.reporting.Unlock()
	line = p.line()
	p.report(line)
	return line
}

// timed runs one phase and keeps how long it took.
func (p *progress) timed(phase job.Phase, run func() error) error {
	began := time.Now()
	err := run()
	p.took(phase, time.Since(began))
	return err
}

func (p *progress) took(phase job.Phase, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timings[phase] = d.Milliseconds()
}

// line is the present state. Estimates may be wrong: what is done never exceeds the total, and 100 % is for the end.
func (p *progress) line() job.Line {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	line := job.Line{
		Phase: p.phase, Percent: p.main.percent(), BytesDone: p.main.done, BytesTotal: max(p.main.total, p.main.done),
		BytesPerSecond: p.main.rate(now), ETASeconds: p.main.eta(now), At: now.UTC(),
	}
	if p.usable {
		line.Usable, line.Percent, line.BytesTotal = true, 100, line.BytesDone
		line.TimingsMS, line.Fidelity = maps.Clone(p.timings), p.fidelity
		line.BytesPerSecond, line.ETASeconds = p.fill.rate(now), p.fill.eta(now)
		line.Backfill = &job.Backfill{
			Percent: p.fill.percent(), BytesDone: p.fill.done, BytesTotal: max(p.fill.total, p.fill.done),
			FilesDone: p.files(), FilesTotal: max(p.allFiles, p.files()),
			BytesPerSecond: line.BytesPerSecond, ETASeconds: line.ETASeconds,
		}
	}
	return line
}

// ticking reports at a steady pace while work runs; also while nothing comes, so that everybody sees the rate sink.
func (p *progress) ticking(ctx context.Context, work func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	var ticker sync.WaitGroup
	ticker.Go(func() { p.tick(ctx) })
	err := work(ctx)
	stop()
	ticker.Wait()
	return err
}

func (p *progress) tick(ctx context.Context) {
	ticker := time.NewTicker(reportEvery)
	defer ticker.Stop()
	var last, said = int64(-1), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			p.mu.Lock()
			p.main.sample(now)
			p.fill.sample(now)
			done := p.main.done + p.fill.done
			p.mu.Unlock()
			if done == last && now.Sub(said) < atLeastEvery {
				continue
			}
			last, said = done, now
			p.say()
		}
	}
}

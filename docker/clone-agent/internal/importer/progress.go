package importer

import (
	"context"
	"sync"
	"time"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/job"
)

// reportEvery is the pace of reports while something changes.
const reportEvery = 250 * time.Millisecond

// progress counts bytes and turns them into lines. It is safe for concurrent use.
type progress struct {
	report func(job.Line)
	limit  int64

	reporting sync.Mutex // reports come one after the other

	mu      sync.Mutex
	phase   job.Phase
	done    int64
	total   int64
	started time.Time // of the transfer
	timings map[job.Phase]int64
}

func newProgress(report func(job.Line), limit int64) *progress {
	return &progress{report: report, limit: limit, phase: job.Preflight, timings: map[job.Phase]int64{}}
}

// spend counts received bytes and refuses those beyond the limit.
func (p *progress) spend(bytes int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += bytes
	if p.done > p.limit {
		return failure.New(job.TooLarge, "the source has sent more than the %d bytes that a clone may have", p.limit)
	}
	return nil
}

// transfer says how much is to come.
func (p *progress) transfer(total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total, p.started = total, time.Now()
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
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timings[phase] = time.Since(began).Milliseconds()
	return err
}

// line is the present state. Estimates may be wrong: what is done never exceeds the total, and 100 % is for the end.
func (p *progress) line() job.Line {
	p.mu.Lock()
	defer p.mu.Unlock()
	line := job.Line{Phase: p.phase, BytesDone: p.done, BytesTotal: max(p.total, p.done), At: time.Now().UTC()}
	if p.total > 0 {
		line.Percent = min(float64(p.done)/float64(p.total)*100, 99)
	}
	if elapsed := time.Since(p.started); !p.started.IsZero() && elapsed > reportEvery {
		line.BytesPerSecond = int64(float64(p.done) / elapsed.Seconds())
		if line.BytesPerSecond > 0 {
			line.ETASeconds = (line.BytesTotal - p.done + line.BytesPerSecond - 1) / line.BytesPerSecond
		}
	}
	return line
}

// tick reports at a steady pace until ctx ends.
func (p *progress) tick(ctx context.Context) {
	ticker := time.NewTicker(reportEvery)
	defer ticker.Stop()
	var last int64 = -1
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if p.line().BytesDone != last {
			last = p.say().BytesDone
		}
	}
}

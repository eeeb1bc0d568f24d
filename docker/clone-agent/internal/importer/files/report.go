package files

import (
	"slices"
	"sync"
)

// Skipped is a path that is not in the clone, and why.
type Skipped struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// Report is what was written and what was not. Lists hold the first maxListed, counts all.
type Report struct {
	Files     int64     `json:"files"`
	Bytes     int64     `json:"bytes"`
	Skipped   []Skipped `json:"skipped,omitempty"`
	SkippedAt int64     `json:"skipped_count"`
	Kept      []string  `json:"kept,omitempty"` // written in the clone before the source's came
	KeptAt    int64     `json:"kept_count"`
}

const (
	maxListed = 1000
	// maxAgain bounds the paths that are kept in memory to be asked for again.
	maxAgain = 10_000
)

// add takes another report into this one.
func (r *Report) add(other Report) {
	r.Files, r.Bytes = r.Files+other.Files, r.Bytes+other.Bytes
	r.SkippedAt, r.KeptAt = r.SkippedAt+other.SkippedAt, r.KeptAt+other.KeptAt
	r.Skipped = append(r.Skipped, other.Skipped[:min(len(other.Skipped), maxListed-len(r.Skipped))]...)
	r.Kept = append(r.Kept, other.Kept[:min(len(other.Kept), maxListed-len(r.Kept))]...)
}

// account is what one stream has brought. The report may be read while the stream goes on.
type account struct {
	entries, bytes int64

	mu     sync.Mutex
	report Report
}

func (a *account) wrote(bytes int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.report.Files++
	a.report.Bytes += bytes
}

func (a *account) skip(name, reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.report.SkippedAt++
	if len(a.report.Skipped) < maxListed {
		a.report.Skipped = append(a.report.Skipped, Skipped{name, reason})
	}
}

func (a *account) kept(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.report.KeptAt++
	if len(a.report.Kept) < maxListed {
		a.report.Kept = append(a.report.Kept, name)
	}
}

// now is the present report. Its lists only grow, so that nothing of them has to be copied.
func (a *account) now() Report {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.report
	r.Skipped, r.Kept = slices.Clip(r.Skipped), slices.Clip(r.Kept)
	return r
}

// clear forgets what was brought, as it comes again. What the source has sent it has sent.
func (a *account) clear() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.report = Report{}
}

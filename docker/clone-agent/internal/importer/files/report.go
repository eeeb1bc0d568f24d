package files

import "sync"

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

// book keeps a Report for several streams.
type book struct {
	mu     sync.Mutex
	report Report
}

func (b *book) wrote(bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.report.Files++
	b.report.Bytes += bytes
}

func (b *book) skip(name, reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.report.SkippedAt++
	if len(b.report.Skipped) < maxListed {
		b.report.Skipped = append(b.report.Skipped, Skipped{name, reason})
	}
}

func (b *book) kept(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.report.KeptAt++
	if len(b.report.Kept) < maxListed {
		b.report.Kept = append(b.report.Kept, name)
	}
}

// now returns a copy that nobody else changes.
func (b *book) now() Report {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.report
	r.Skipped = append([]Skipped(nil), r.Skipped...)
	r.Kept = append([]string(nil), r.Kept...)
	return r
}

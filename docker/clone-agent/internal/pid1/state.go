package pid1

import (
	"maps"
	"sync"
	"time"

	"clonepool.dev/clone-agent/internal/report"
	"clonepool.dev/clone-agent/internal/secretwatch"
)

// state is what PID 1 knows of its present generation. The supervisor writes it, commands read it.
type state struct {
	mu     sync.Mutex
	secret secretwatch.Secret
	phase  string
	detail string

	seen, killed, restored, started, answered time.Time // zero: not yet, or not by this process
	killedSinceBoot                           time.Duration
	server                                    int // pid
	crashRestarts                             int
	answers                                   bool
	proved                                    bool
	checks                                    map[string]report.Check
}

// begin forgets the generation before.
func (s *state) begin(secret secretwatch.Secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secret, s.phase, s.detail = secret, report.PhaseKilling, ""
	s.seen = time.Now()
	s.killed, s.restored, s.started, s.answered = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	s.killedSinceBoot, s.server, s.crashRestarts = 0, 0, 0
	s.answers, s.proved = false, false
	s.checks = map[string]report.Check{}
}

// change runs f on the state.
func (s *state) change(f func(*state)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

func (s *state) enter(phase, detail string) {
	s.change(func(s *state) { s.phase, s.detail = phase, detail })
}

func (s *state) present() (secret secretwatch.Secret, answers bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.secret, s.answers
}

// addChecks merges results that only the running server could give.
func (s *state) addChecks(checks map[string]report.Check) {
	s.change(func(s *state) {
		maps.Copy(s.checks, checks)
		s.proved = true
	})
}

// testimony is what the state says to a verifier. Settled needs a restore by this very process: data that was kept after
// a crash proves nothing.
func (s *state) testimony(role string) report.Testimony {
	s.mu.Lock()
	defer s.mu.Unlock()
	return report.Testimony{
		Generation:      s.secret.Generation,
		Role:            role,
		Phase:           s.phase,
		Detail:          s.detail,
		Settled:         !s.restored.IsZero() && s.answers && s.proved,
		KilledAt:        instant(s.killed),
		RestoredAt:      instant(s.restored),
		StartedAt:       instant(s.started),
		ResetMS:         between(s.seen, s.answered),
		TimingsMS:       s.timings(),
		CrashRestarts:   s.crashRestarts,
		KilledSinceBoot: s.killedSinceBoot,
		Server:          s.server,
		Checks:          maps.Clone(s.checks),
	}
}

func (s *state) timings() map[string]int64 {
	return map[string]int64{
		"kill":    between(s.seen, s.killed),
		"restore": between(s.killed, s.restored),
		"start":   between(s.started, s.answered),
	}
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func between(from, to time.Time) int64 {
	if from.IsZero() || to.IsZero() {
		return 0
	}
	return to.Sub(from).Milliseconds()
}

func (s *state) timingsNow() map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.timings()
}

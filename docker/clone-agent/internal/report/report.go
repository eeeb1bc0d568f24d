// Package report holds what a pod says about itself: the checks of `clone-agent verify`, the state of `clone-agent status`.
package report

import (
	"time"

	"clonepool.dev/clone-agent/internal/job"
)

// maxFindings bounds a check's findings: the first twenty tell what happened, the count tells how much.
const maxFindings = 20

// Check is the result of comparing one thing with what it ought to be.
type Check struct {
	OK       bool     `json:"ok"`
	Count    int      `json:"count"`            // how many objects were looked at
	Digest   string   `json:"digest,omitempty"` // of what it was compared with
	Detail   string   `json:"detail,omitempty"`
	Findings []string `json:"findings"`
}

// Of makes the check of `count` objects; without findings it is good.
func Of(count int, findings ...string) Check {
	c := Check{OK: len(findings) == 0, Count: count, Findings: findings}
	if c.Findings == nil {
		c.Findings = []string{}
	}
	c.Findings = c.Findings[:min(len(c.Findings), maxFindings)]
	return c
}

// Failed is a check that could not be made; that is never good.
func Failed(err error) Check { return Of(0, err.Error()) }

// Testimony is what PID 1 says of its generation. Only PID 1 knows when it killed and restored.
type Testimony struct {
	Generation    int64            `json:"generation"`
	Role          string           `json:"role"`
	Phase         string           `json:"phase"`
	Detail        string           `json:"detail,omitempty"`
	Settled       bool             `json:"settled"`
	KilledAt      *time.Time       `json:"killed_at"` // every process of the generation before was dead
	RestoredAt    *time.Time       `json:"restored_at"`
	StartedAt     *time.Time       `json:"started_at"` // the server was started
	ResetMS       int64            `json:"reset_ms"`   // from the new generation seen to the server answering
	TimingsMS     map[string]int64 `json:"timings_ms"`
	CrashRestarts int              `json:"crash_restarts"`
	// KilledSinceBoot and Server are for the verifier: no process but PID 1 may be older, and all of the site's descend
	// from the server.
	KilledSinceBoot time.Duration `json:"killed_since_boot_ns"`
	Server          int           `json:"server_pid"`
	// Called is for the verifier, too, and for nobody else: addresses that the leases before could call.
	Called []string         `json:"called,omitempty"`
	Checks map[string]Check `json:"checks"`
}

// Report is the answer of `clone-agent verify`.
type Report struct {
	Testimony
	OK bool `json:"ok"` // settled, and every check is good
}

// Status is the answer of `clone-agent status`.
type Status struct {
	Generation int64     `json:"generation"`
	Role       string    `json:"role"`
	Phase      string    `json:"phase"`
	Detail     string    `json:"detail,omitempty"`
	Restarts   int       `json:"restarts"`
	Import     *job.Line `json:"import,omitempty"`
}

// Phases of PID 1.
const (
	PhaseWaiting   = "waiting"   // for the Secret
	PhaseKilling   = "killing"   // every process of the generation before
	PhaseRestoring = "restoring" // files
	PhaseStarting  = "starting"  // the server
	PhaseServing   = "serving"   // the server answers
	PhaseFailed    = "failed"    // a restore failed and is tried again
)

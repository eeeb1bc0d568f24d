// Package control is how the agent's commands talk to PID 1: a Unix socket, one request a connection, JSON both ways.
//
// The socket lies where the site can write, so neither side trusts its name: the commands ask the kernel who listens and
// go on only if it is process 1, which no process of the site can be.
package control

import (
	"encoding/json"
	"errors"
	"fmt"

	"clonepool.dev/clone-agent/internal/job"
)

// Commands that PID 1 understands.
const (
	Probe  = "probe"
	Status = "status"
	Verify = "verify"
	Import = "import"
	Fetch  = "fetch"
)

// Request is what a command asks. Generation is 0 where any generation will do.
type Request struct {
	Command    string   `json:"command"`
	Generation int64    `json:"generation,omitempty"`
	Job        *job.Job `json:"job,omitempty"`
	Path       string   `json:"path,omitempty"` // of Fetch: below the uploads

	// Inside says that a process of the container asks. The kernel tells, never the request.
	Inside bool `json:"-"`
}

// Fetched is the answer to Fetch.
type Fetched struct {
	Found bool `json:"found"`
}

// Error is an answer that says no.
type Error struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// Error says it in words.
func (e *Error) Error() string { return e.Detail }

// Codes of errors.
const (
	OtherGeneration = "other_generation"
	NotReady        = "not_ready"
	Invalid         = "invalid"
	OutsideOnly     = "outside_only"
)

// Refuse makes the error for a request that names another generation than the present one.
func Refuse(asked, present int64) *Error {
	return &Error{OtherGeneration, fmt.Sprintf("generation %d was asked for, this pod is at %d", asked, present)}
}

// answer is the envelope of every message from PID 1.
type answer struct {
	Error *Error          `json:"error,omitempty"`
	Body  json.RawMessage `json:"body,omitempty"`
}

// maxRequest bounds a request; a job has some hundred bytes.
const maxRequest = 64 << 10

// ErrImpostor means that the socket does not belong to PID 1.
var ErrImpostor = errors.New("the agent's socket is not held by process 1; something in this container pretends to be the agent")

// Package failure carries the code under which an import's error is reported.
package failure

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"clonepool.dev/clone-agent/internal/job"
)

// Failure is an error with the code that the caller of an import sees.
type Failure struct {
	Code   job.Code
	Detail string
	cause  error
}

// New makes a Failure; the format is that of fmt.Errorf, so %w keeps the cause.
func New(code job.Code, format string, args ...any) *Failure {
	err := fmt.Errorf(format, args...)
	return &Failure{Code: code, Detail: err.Error(), cause: errors.Unwrap(err)}
}

func (f *Failure) Error() string { return f.Detail }

// Unwrap returns the cause, or nil.
func (f *Failure) Unwrap() error { return f.cause }

// Of finds the code and the words for any error of an import.
func Of(err error) (job.Code, string) {
	var known *Failure
	switch {
	case errors.As(err, &known):
		return known.Code, known.Detail
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return job.DiskFull, "the pod's volume is full: " + err.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return job.Timeout, "the import took longer than it may"
	}
	return job.Internal, err.Error()
}

package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"clonepool.dev/clone-agent/internal/control"
)

func TestExitCodesTellWhatHappened(t *testing.T) {
	for want, err := range map[int]error{
		exitDone:    nil,
		exitFailed:  errors.New("broken"),
		exitUsage:   usageError{"no such command"},
		exitRefused: fmt.Errorf("asking: %w", control.Refuse(1, 2)),
	} {
		if got := exitCode(err); got != want {
			t.Errorf("%v: exit code %d, want %d", err, got, want)
		}
	}
	for code, want := range map[string]int{control.NotReady: exitFailed, control.Invalid: exitUsage} {
		if got := exitCode(&control.Error{Code: code}); got != want {
			t.Errorf("%s: exit code %d, want %d", code, got, want)
		}
	}
	if got := exitCode(errReported); got != exitFailed {
		t.Errorf("a reported failure: exit code %d", got)
	}
}

func TestWrongUseIsToldBeforeAnythingIsDone(t *testing.T) {
	for _, line := range []string{
		"", "fly", "run", "run postgres extra", "verify", "verify --generation 0", "verify --generation x", "import --generation 1 extra",
		"probe now", "ledger", "ledger --generation x", "status now", "manifest", "manifest a b", "baseline", "baseline --socket /s extra",
	} {
		var wrong usageError
		if err := dispatch(strings.Fields(line)); !errors.As(err, &wrong) {
			t.Errorf("%q: %v", line, err)
		}
	}
}

func TestOnlyProcess1MayBeTheAgent(t *testing.T) {
	if err := dispatch([]string{"run", "wordpress"}); err == nil || !strings.Contains(err.Error(), "process 1") {
		t.Errorf("error %v", err)
	}
}

func TestAJobComesWholeOrNotAtAll(t *testing.T) {
	if j, err := readJob(strings.NewReader("")); j != nil || err != nil {
		t.Errorf("nothing on stdin gave %v, %v", j, err)
	}
	if j, err := readJob(strings.NewReader(`{"clone_id": "acme"}`)); err != nil || j.CloneID != "acme" {
		t.Errorf("a job gave %v, %v", j, err)
	}
	_, err := readJob(strings.NewReader(`{"job_key": "s3cret`))
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("half a job gave %v", err)
	}
}

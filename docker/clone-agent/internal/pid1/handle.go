package pid1

import (
	"context"
	"errors"
	"fmt"

	"clonepool.dev/clone-agent/internal/control"
	"clonepool.dev/clone-agent/internal/limits"
	"clonepool.dev/clone-agent/internal/report"
)

// handle answers the agent's other commands.
func (s *Supervisor) handle(ctx context.Context, request control.Request, send func(any) error) error {
	if request.Inside && request.Command != control.Fetch {
		return &control.Error{Code: control.OutsideOnly, Detail: "a process of the container may ask for files only"}
	}
	switch request.Command {
	case control.Status:
		return send(s.status())
	case control.Probe:
		return s.probe(ctx, request.Generation, send)
	case control.Verify:
		return s.testify(request.Generation, send)
	case control.Import:
		running, err := s.imports.start(request.Generation, request.Job)
		if err != nil {
			return err
		}
		return running.follow(ctx, send)
	case control.Fetch:
		return s.fetch(ctx, request.Path, send)
	default:
		return &control.Error{Code: control.Invalid, Detail: fmt.Sprintf("unknown command %q", request.Command)}
	}
}

// fetch is for the site itself: whoever asks gets a file of its own source into its own uploads, and nothing else.
func (s *Supervisor) fetch(ctx context.Context, name string, send func(any) error) error {
	found, err := s.imports.fetch(ctx, name)
	if refusal := (*control.Error)(nil); errors.As(err, &refusal) {
		return err
	}
	if err != nil {
		return &control.Error{Code: control.NotReady, Detail: "the file cannot be fetched now"}
	}
	return send(control.Fetched{Found: found})
}

func (s *Supervisor) status() report.Status {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	return report.Status{
		Generation: s.state.secret.Generation,
		Role:       s.role.Name(),
		Phase:      s.state.phase,
		Detail:     s.state.detail,
		Restarts:   s.state.crashRestarts,
		Import:     s.imports.lineNow(),
	}
}

// probe asks the server anew: that it answered once says nothing about now.
func (s *Supervisor) probe(ctx context.Context, generation int64, send func(any) error) error {
	secret, answers := s.state.present()
	if generation != secret.Generation {
		return control.Refuse(generation, secret.Generation)
	}
	if !answers {
		return &control.Error{Code: control.NotReady, Detail: "the server does not answer yet"}
	}
	if err := s.ask(ctx, secret); err != nil {
		return &control.Error{Code: control.NotReady, Detail: err.Error()}
	}
	return send(s.status())
}

func (s *Supervisor) testify(generation int64, send func(any) error) error {
	testimony := s.state.testimony(s.role.Name())
	if generation < testimony.Generation {
		return control.Refuse(generation, testimony.Generation)
	}
	if generation > testimony.Generation { // the Secret has not arrived yet
		testimony = report.Testimony{Generation: generation, Role: s.role.Name(), Phase: report.PhaseWaiting}
	}
	if testimony.Checks == nil {
		testimony.Checks = map[string]report.Check{}
	}
	testimony.Checks["limits"] = s.limitsCheck()
	testimony.Called = s.imports.calledSoFar()
	return send(testimony)
}

func (s *Supervisor) limitsCheck() report.Check {
	now, err := limits.Take()
	if err != nil {
		return report.Failed(err)
	}
	return report.Of(1, s.atStart.Differences(now)...)
}

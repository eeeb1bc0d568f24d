package pid1

import (
	"context"
	"log/slog"
	"sync"
	"syscall"
	"time"

	"clonepool.dev/clone-agent/internal/procs"
	"clonepool.dev/clone-agent/internal/report"
	"clonepool.dev/clone-agent/internal/secretwatch"
)

const (
	longestPause = 5 * time.Second
	// steadyAfter is how long a server must have run for the next crash to count as the first again.
	steadyAfter = time.Minute
	// stubbornAfter crashes in a row everything else is killed too: a daemon of the site may hold the server's port.
	stubbornAfter = 3
	answerTimeout = 2 * time.Second
)

// serve keeps the server running until ctx ends.
func (s *Supervisor) serve(ctx context.Context, log *slog.Logger, secret secretwatch.Secret) {
	for crashes := 0; ctx.Err() == nil; {
		began := time.Now()
		s.serveOnce(ctx, log, secret)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > steadyAfter {
			crashes = 0
		}
		crashes++
		s.state.change(func(s *state) { s.crashRestarts++ })
		if crashes >= stubbornAfter {
			if err := procs.KillOthers(ctx); err != nil {
				log.Error("clearing the way for the server", "error", err)
			}
		}
		sleep(ctx, pauseAfter(crashes))
	}
}

// pauseAfter is how long to wait before the next start: nothing after the first crash, then 0.2 s, doubled up to 5 s.
func pauseAfter(crashes int) time.Duration {
	if crashes <= 1 {
		return 0
	}
	return min(longestPause, 100*time.Millisecond<<min(crashes-1, 10))
}

// serveOnce starts the server and returns when it has ended, or with ctx (the server then still runs).
func (s *Supervisor) serveOnce(ctx context.Context, log *slog.Logger, secret secretwatch.Secret) {
	command, err := s.role.Command(secret)
	if err != nil {
		s.state.enter(report.PhaseFailed, err.Error())
		log.Error("preparing the server's start", "error", err)
		return
	}
	started := time.Now()
	pid, ended, err := s.reaper.Start(command)
	if err != nil {
		s.state.enter(report.PhaseFailed, err.Error())
		log.Error("starting the server", "error", err)
		return
	}
	s.state.change(func(s *state) {
		s.phase, s.detail, s.started, s.server, s.answers = report.PhaseStarting, "", started, pid, false
	})
	var watching sync.WaitGroup
	life, cancel := context.WithCancel(ctx)
	watching.Go(func() { s.awaitAnswer(life, log, secret) })
	select {
	case <-ctx.Done():
	case status := <-ended:
		log.Error("the server ended", "pid", pid, "exit", status.ExitStatus(), "signal", status.Signal())
		_ = syscall.Kill(-pid, syscall.SIGKILL) // what it left in its process group may hold its port
	}
	cancel()
	watching.Wait()
	s.state.change(func(s *state) { s.phase, s.answers, s.server = report.PhaseStarting, false, 0 })
}

// awaitAnswer polls the new server until it answers, then lets the role prove what needs a running server.
func (s *Supervisor) awaitAnswer(ctx context.Context, log *slog.Logger, secret secretwatch.Secret) {
	for pause := 10 * time.Millisecond; s.ask(ctx, secret) != nil; pause = min(2*pause, 200*time.Millisecond) {
		sleep(ctx, pause)
		if ctx.Err() != nil {
			return
		}
	}
	var restored, proved bool
	s.state.change(func(s *state) {
		s.phase, s.answers = report.PhaseServing, true
		if s.answered.IsZero() {
			s.answered = time.Now()
		}
		restored, proved = !s.restored.IsZero(), s.proved
	})
	log.Info("the server answers", "timings_ms", s.state.timingsNow())
	s.imports.serverAnswers()
	if !restored || proved {
		return
	}
	checks, err := s.role.Prove(ctx, secret, s.previous)
	if err != nil {
		log.Warn("the restored server was not proved", "error", err)
		return
	}
	s.state.addChecks(checks)
}

func (s *Supervisor) ask(ctx context.Context, secret secretwatch.Secret) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	return s.role.Answers(ctx, secret)
}

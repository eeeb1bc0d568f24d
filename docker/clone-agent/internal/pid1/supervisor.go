package pid1

import (
	"context"
	"log/slog"
	"net"
	"os"
	"time"

	"clonepool.dev/clone-agent/internal/control"
	"clonepool.dev/clone-agent/internal/layout"
	"clonepool.dev/clone-agent/internal/leakhooks"
	"clonepool.dev/clone-agent/internal/limits"
	"clonepool.dev/clone-agent/internal/procs"
	"clonepool.dev/clone-agent/internal/report"
	"clonepool.dev/clone-agent/internal/restore"
	"clonepool.dev/clone-agent/internal/secretwatch"
	"clonepool.dev/clone-agent/internal/sockets"
)

// Supervisor leads the container from generation to generation.
type Supervisor struct {
	role      Role
	watch     *secretwatch.Watcher
	reaper    *Reaper
	imports   *imports
	state     state
	atStart   limits.Snapshot
	listener  *net.UnixListener
	previous  secretwatch.Secret // the last one that was served
	justBegun bool               // no generation was handled by this process yet
}

// New makes the supervisor of a role. runImport may be nil where there is nothing to import into.
func New(role Role, watch *secretwatch.Watcher, runImport ImportFunc) (*Supervisor, error) {
	atStart, err := limits.Take()
	if err != nil {
		return nil, err
	}
	s := &Supervisor{role: role, watch: watch, reaper: NewReaper(), atStart: atStart, justBegun: true}
	s.imports = &imports{run: runImport, volume: role.Volume()}
	s.state.enter(report.PhaseWaiting, "for the Secret at "+layout.SecretDir)
	return s, nil
}

// Run serves until ctx ends; then every process of the container is dead. It must run on a locked thread (see Reaper.Start).
func (s *Supervisor) Run(ctx context.Context) error {
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	go s.reaper.Run(background)
	go s.watch.Run(background)
	if err := s.listen(background); err != nil {
		return err
	}
	for ctx.Err() == nil {
		secret, changed := s.watch.Newest()
		if secret.Generation == 0 {
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		s.generation(ctx, changed, secret)
	}
	last, cancel := context.WithTimeout(background, 2*time.Second)
	defer cancel()
	return procs.KillOthers(last)
}

// generation is the whole life of one generation: it ends when a newer one is wanted, or with ctx.
func (s *Supervisor) generation(ctx context.Context, changed <-chan struct{}, secret secretwatch.Secret) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-changed:
			cancel()
		case <-ctx.Done():
		}
	}()
	s.state.begin(secret)
	found := s.findings(secret)
	log := slog.With("generation", secret.Generation)
	if found == whole || found == resumable {
		log.Info("this generation is in the volume already: keeping its data", "import_goes_on", found == resumable)
	} else if !s.restoreUntilDone(ctx, log, secret) {
		return
	}
	if found == unfinished {
		// The other container has kept its data, so there is no pristine pod to be proved. To ask for its page again and again
		// would have WordPress write into the tables of the import that follows.
		s.state.change(func(s *state) { s.restored = time.Time{} })
	}
	s.imports.open(ctx, secret.Generation)
	s.serve(ctx, log, secret)
	s.imports.close()
	s.previous = secret
}

// findings is what the volume holds when this process begins; whatever it holds later is of a generation that has ended.
func (s *Supervisor) findings(secret secretwatch.Secret) contents {
	if !s.justBegun {
		return foreign
	}
	s.justBegun = false
	return inspect(s.role.Volume(), secret)
}

// restoreUntilDone kills and restores, again after an error, and says false if ctx ended first.
func (s *Supervisor) restoreUntilDone(ctx context.Context, log *slog.Logger, secret secretwatch.Secret) bool {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := s.restore(ctx, secret)
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		log.Error("restore failed and will be tried again", "error", err)
		s.state.enter(report.PhaseFailed, err.Error())
		sleep(ctx, pause)
	}
}

func (s *Supervisor) restore(ctx context.Context, secret secretwatch.Secret) error {
	s.state.enter(report.PhaseKilling, "")
	leakhooks.Load(s.role.Volume())
	if err := killOthers(ctx); err != nil {
		return err
	}
	sinceBoot, err := procs.SinceBoot()
	if err != nil {
		return err
	}
	s.state.change(func(s *state) { s.killed, s.killedSinceBoot = time.Now(), sinceBoot })
	s.state.enter(report.PhaseRestoring, "")
	if err := s.restoreFiles(ctx); err != nil {
		return err
	}
	s.endConnections(ctx)
	if err := writeMark(s.role.Volume(), layout.Mark, markOf(secret)); err != nil {
		return err
	}
	s.state.change(func(s *state) { s.restored = time.Now() })
	return nil
}

func killOthers(ctx context.Context) error {
	if leakhooks.Skips(leakhooks.Kill) {
		return leakhooks.Spare(ctx)
	}
	return procs.KillOthers(ctx)
}

func (s *Supervisor) restoreFiles(ctx context.Context) error {
	if err := removeMark(s.role.Volume(), layout.Mark); err != nil {
		return err
	}
	if err := restore.Scratch(ctx); err != nil {
		return err
	}
	if err := s.listen(context.WithoutCancel(ctx)); err != nil { // the socket lay in a directory that was just emptied
		return err
	}
	files, err := s.role.Restore(ctx)
	s.state.change(func(s *state) { s.checks["files"] = files })
	return err
}

// endConnections comes before the server takes its port. What it leaves or cannot do, the verifier finds.
func (s *Supervisor) endConnections(ctx context.Context) {
	if leakhooks.Skips(leakhooks.Sockets) {
		return
	}
	left, err := sockets.EndOwn(ctx)
	if left > 0 || err != nil {
		slog.Warn("closed connections of the pod with itself are left", "count", left, "error", err)
	}
}

func (s *Supervisor) listen(ctx context.Context) error {
	if s.listener != nil {
		s.listener.Close()
	}
	var err error
	if s.listener, err = control.Listen(layout.Socket); err != nil {
		return err
	}
	go control.Serve(ctx, s.listener, s.handle)
	return nil
}

// importFailedToStop ends the agent: its container starts anew and restores, which nothing left behind can disturb.
func importFailedToStop() {
	slog.Error("the import does not stop; ending the container so that it cannot write into the next generation")
	os.Exit(1)
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

package pid1

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// Reaper is the one place that waits for processes: its own children, and every orphan that the kernel hands to PID 1.
type Reaper struct {
	mu      sync.Mutex
	watched map[int]chan syscall.WaitStatus
}

// NewReaper makes a reaper; Run must run for children to be noticed.
func NewReaper() *Reaper { return &Reaper{watched: map[int]chan syscall.WaitStatus{}} }

// Start starts a command in a session of its own. The channel gets its end.
//
// The child dies with the thread that started it, so it must be called from a goroutine locked to a thread that stays.
func (r *Reaper) Start(c Command) (pid int, ended <-chan syscall.WaitStatus, err error) {
	r.mu.Lock() // so that a child which ends at once is not reaped before it is known
	defer r.mu.Unlock()
	pid, err = syscall.ForkExec(c.Path, c.Args, &syscall.ProcAttr{
		Dir:   c.Dir,
		Env:   c.Env,
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return 0, nil, &os.PathError{Op: "start", Path: c.Path, Err: err}
	}
	end := make(chan syscall.WaitStatus, 1)
	r.watched[pid] = end
	return pid, end, nil
}

// Run reaps until ctx ends.
func (r *Reaper) Run(ctx context.Context) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGCHLD)
	defer signal.Stop(signals)
	for {
		r.reap()
		select {
		case <-ctx.Done():
			return
		case <-signals:
		}
	}
}

func (r *Reaper) reap() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if end, ok := r.watched[pid]; ok {
			delete(r.watched, pid)
			end <- status
		}
	}
}

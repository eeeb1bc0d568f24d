package secretwatch

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"
)

// pollEvery is the fallback where no inotify instance is to be had: they are counted by user, over all pods of a node.
const pollEvery = time.Second

// Watcher knows the newest Secret and tells when a newer one arrives.
type Watcher struct {
	dir string

	mu      sync.Mutex
	newest  Secret
	changed chan struct{} // closed when newest has changed
	problem string        // last one logged
}

// New makes a watcher of the Secret mounted at dir. It knows nothing until Run runs.
func New(dir string) *Watcher {
	return &Watcher{dir: dir, changed: make(chan struct{})}
}

// Newest returns the newest Secret, its generation 0 if there is none yet, and a channel that closes at the next change.
func (w *Watcher) Newest() (Secret, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.newest, w.changed
}

// Run follows the mount until ctx ends.
func (w *Watcher) Run(ctx context.Context) {
	events := make(chan struct{}, 1)
	if f, err := watchDir(w.dir); err != nil {
		slog.Warn("watching the Secret by polling only", "error", err)
	} else {
		defer context.AfterFunc(ctx, func() { f.Close() })()
		go forward(f, events)
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		w.look()
		select {
		case <-ctx.Done():
			return
		case <-events:
		case <-tick.C:
		}
	}
}

// look reads the mount and takes over a newer generation. Generations only ever grow: an older one is a late or forged
// write and is reported, not obeyed.
func (w *Watcher) look() {
	secret, err := Read(w.dir)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err != nil:
		w.complain("the mounted Secret cannot be used: " + err.Error())
	case secret.Generation < w.newest.Generation:
		w.complain("the mounted generation went backwards; keeping the newer one")
	case secret.Generation > w.newest.Generation:
		w.newest, w.problem = secret, ""
		close(w.changed)
		w.changed = make(chan struct{})
	}
}

func (w *Watcher) complain(problem string) {
	if problem != w.problem {
		slog.Error(problem)
		w.problem = problem
	}
}

func watchDir(dir string) (*os.File, error) {
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC | syscall.IN_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("inotify_init1", err)
	}
	f := os.NewFile(uintptr(fd), "inotify")
	const mask = syscall.IN_CREATE | syscall.IN_MOVED_TO | syscall.IN_CLOSE_WRITE | syscall.IN_ONLYDIR
	if _, err := syscall.InotifyAddWatch(fd, dir, mask); err != nil {
		f.Close()
		return nil, os.NewSyscallError("inotify_add_watch", err)
	}
	return f, nil
}

// forward turns bursts of events into one wake-up.
func forward(f *os.File, events chan<- struct{}) {
	buffer := make([]byte, 4096)
	for {
		if _, err := f.Read(buffer); err != nil {
			return
		}
		select {
		case events <- struct{}{}:
		default:
		}
	}
}

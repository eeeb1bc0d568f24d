package source

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// watch gives up a source that falls silent: a single request after a stall, the whole after its patience. What counts is
// something new: bytes that a former try had brought already, and that no checkpoint has confirmed, show no life.
type watch struct {
	stall, patience time.Duration

	mu       sync.Mutex
	timer    *time.Timer
	advanced time.Time // when something new came last
	got      int64     // bytes of the present try since the last checkpoint
	best     int64     // the most that any try got since the last checkpoint
}

func newWatch(options Options) *watch {
	return &watch{stall: options.Stall, patience: options.Patience, advanced: time.Now()}
}

// begin watches a request; silence cancels it.
func (w *watch) begin(cancel context.CancelCauseFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got = 0
	w.timer = time.AfterFunc(w.span(), func() {
		cancel(fmt.Errorf("the source was silent for %s", time.Since(w.heardAt()).Round(100*time.Millisecond)))
	})
}

func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop()
}

// heard counts bytes as they come in.
func (w *watch) heard(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.got += int64(n); w.got > w.best {
		w.best, w.advanced = w.got, time.Now()
	}
	w.timer.Reset(w.span())
}

// confirmed: a checkpoint was right. Until resume the time is ours and not the source's.
func (w *watch) confirmed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got, w.best = 0, 0
	w.timer.Stop()
}

func (w *watch) resume() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.advanced = time.Now()
	w.timer.Reset(w.span())
}

// excuse takes time off that the source is not to blame for.
func (w *watch) excuse(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.advanced = w.advanced.Add(d)
}

// exhausted says whether the source has shown no life for too long.
func (w *watch) exhausted() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Since(w.advanced) >= w.patience
}

func (w *watch) heardAt() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.advanced
}

// span is how long the present request may be silent.
func (w *watch) span() time.Duration {
	return max(time.Millisecond, min(w.stall, w.patience-time.Since(w.advanced)))
}

// watched is a body whose bytes are heard.
type watched struct {
	body  io.Reader
	watch *watch
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.body.Read(p)
	if n > 0 {
		w.watch.heard(n)
	}
	return n, err
}

//go:build leakhooks

package leakhooks

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"clonepool.dev/clone-agent/internal/procs"
)

var (
	mu     sync.Mutex
	places = map[string]bool{}
)

// Load takes over what the file in the volume says, for one restore.
func Load(volume string) {
	mu.Lock()
	defer mu.Unlock()
	path := filepath.Join(volume, File)
	text, _ := os.ReadFile(path)
	_ = os.Remove(path)
	places = map[string]bool{}
	for place := range strings.FieldsSeq(string(text)) {
		places[place] = true
	}
	slog.Warn("THIS AGENT CAN BE TOLD TO LEAK: it is a test build", "left uncleaned", strings.Fields(string(text)))
}

// Skips says whether the present restore leaves the place as it is.
func Skips(place string) bool {
	mu.Lock()
	defer mu.Unlock()
	return places[place]
}

// Spare kills every other process but those named Survivor.
func Spare(ctx context.Context) error {
	for {
		living, err := procs.List()
		if err != nil {
			return err
		}
		left := 0
		for _, p := range living {
			if p.PID != 1 && p.Name != Survivor {
				left++
				_ = syscall.Kill(p.PID, syscall.SIGKILL)
			}
		}
		if left == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
}

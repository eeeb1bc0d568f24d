package restore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"

	"clonepool.dev/clone-agent/internal/layout"
	"clonepool.dev/clone-agent/internal/leakhooks"
)

// Scratch empties every writable place outside the volume: temporary and runtime directories, shared memory, message
// queues, System V IPC, and the kubelet's termination log.
func Scratch(ctx context.Context) error {
	for _, dir := range layout.Scratch {
		if leakhooks.Skips(leakhooks.OfDir(dir)) {
			continue
		}
		if err := Wipe(ctx, dir); err != nil {
			return err
		}
	}
	if !leakhooks.Skips(leakhooks.TerminationLog) {
		if err := os.Truncate(layout.TerminationLog, 0); err != nil && !unavailable(err) {
			return err
		}
	}
	if leakhooks.Skips(leakhooks.Segments) {
		return nil
	}
	return removeSegments()
}

func unavailable(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

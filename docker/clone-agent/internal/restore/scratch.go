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
		if err := empty(layout.TerminationLog); err != nil && !unavailable(err) {
			return err
		}
	}
	if leakhooks.Skips(leakhooks.Segments) {
		return nil
	}
	return removeSegments()
}

// empty takes from a file that belongs to somebody else all that a site can have put into it or attached to it.
func empty(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	return errors.Join(renewOpen(f), f.Close())
}

func unavailable(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

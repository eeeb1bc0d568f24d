package procs

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// ErrNotInit refuses KillOthers outside PID 1, where it would reach every process of the user.
var ErrNotInit = errors.New("only PID 1 may end every other process")

// KillOthers kills every process of the container but this one, and returns when none is left.
//
// kill(-1) reaches all of them in one step that no fork can slip through; it is repeated for what comes in from outside
// meanwhile. A process that cannot die (stuck in the kernel) makes it wait until ctx ends.
func KillOthers(ctx context.Context) error {
	if os.Getpid() != 1 {
		return ErrNotInit
	}
	for {
		if err := syscall.Kill(-1, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) && !errors.Is(err, syscall.EPERM) {
			return os.NewSyscallError("kill", err)
		}
		living, err := List()
		if err != nil {
			return err
		}
		if len(living) == 1 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// SinceBoot is the age of the machine, on the clock of Process.Started.
func SinceBoot() (time.Duration, error) {
	const clockBoottime = 7
	var t syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockBoottime, uintptr(unsafe.Pointer(&t)), 0); errno != 0 {
		return 0, os.NewSyscallError("clock_gettime", errno)
	}
	return time.Duration(t.Nano()), nil
}

// Command clone-agent is PID 1 of both containers of a clone's pod, and the tool that talks to it.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"clonepool.dev/clone-agent/internal/control"
)

const usage = `usage: clone-agent run wordpress|mysql        be PID 1 of a container
       clone-agent probe                      exit 0 if the server of the mounted generation answers
       clone-agent verify --generation N      prove that the container is clean
       clone-agent import --generation N      run the import whose job is on stdin, or follow the one that runs
       clone-agent ledger --generation N      what the site tried to reach outside
       clone-agent status                     what PID 1 is doing
       clone-agent manifest DIR               describe a tree (for image builds)
       clone-agent baseline --socket PATH     describe a clean MySQL server (for image builds)`

// Exit codes.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitRefused = 3 // another generation
)

// errReported is a failure that the output has told already.
var errReported = errors.New("failed")

// usageError is a call that cannot be understood.
type usageError struct{ detail string }

func (e usageError) Error() string { return e.detail }

func init() {
	// Children of PID 1 die with the thread that started them: the main goroutine stays on the first thread for ever.
	runtime.LockOSThread()
}

func main() {
	// Whatever runs as the same user must not look into this process: it holds passwords and keys.
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0); errno != 0 {
		fmt.Fprintln(os.Stderr, "clone-agent: cannot hide from other processes:", errno)
		os.Exit(exitFailed)
	}
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	os.Exit(exitCode(dispatch(os.Args[1:])))
}

func dispatch(args []string) error {
	if len(args) == 0 {
		return usageError{"a command is missing"}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	command, args := args[0], args[1:]
	switch command {
	case "run":
		return runInit(ctx, args)
	case "probe":
		return runProbe(ctx, args)
	case "verify":
		return runVerify(ctx, args)
	case "import":
		return runImport(ctx, args)
	case "ledger":
		return runLedger(ctx, args)
	case "status":
		return runStatus(ctx, args)
	case "manifest":
		return runManifest(args)
	case "baseline":
		return runBaseline(ctx, args)
	default:
		return usageError{fmt.Sprintf("unknown command %q", command)}
	}
}

func exitCode(err error) int {
	var wrong usageError
	var refusal *control.Error
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errReported):
		return exitFailed
	case errors.As(err, &wrong):
		fmt.Fprintf(os.Stderr, "clone-agent: %s\n%s\n", err, usage)
		return exitUsage
	}
	fmt.Fprintln(os.Stderr, "clone-agent:", err)
	if errors.As(err, &refusal) {
		return refusalCode(refusal)
	}
	return exitFailed
}

func refusalCode(refusal *control.Error) int {
	switch refusal.Code {
	case control.OtherGeneration:
		return exitRefused
	case control.Invalid:
		return exitUsage
	default:
		return exitFailed
	}
}

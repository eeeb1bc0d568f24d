package pid1

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"clonepool.dev/clone-agent/internal/job"
	"clonepool.dev/clone-agent/internal/layout"
	"clonepool.dev/clone-agent/internal/report"
	"clonepool.dev/clone-agent/internal/restore"
	"clonepool.dev/clone-agent/internal/secretwatch"
)

func init() { runtime.LockOSThread() } // as the command does: children die with the thread that started them

const serverSocket = layout.RunDir + "/server.sock"

// Files by which a test steers the parts inside. They lie outside of everything that a restore empties.
const (
	restoreHangs   = "/restore-hangs"
	restoreFails   = "/restore-fails"
	importMayEnd   = "/import-may-end"
	importUsable   = "/import-usable"
	importStarts   = "/import-starts" // one byte for each start
	importWasEnded = "/import-was-cancelled"
)

// beInit is PID 1 of the test's container.
func beInit() int {
	if err := enterRoot(os.Getenv(rootVariable)); err != nil {
		fmt.Fprintln(os.Stderr, "entering the test's root:", err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	supervisor, err := New(fakeRole{}, secretwatch.New(layout.SecretDir), fakeImport)
	if err == nil {
		err = supervisor.Run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the supervisor ended:", err)
		return 1
	}
	return 0
}

// enterRoot leaves the machine's files behind, so that nothing of it can be emptied by mistake.
func enterRoot(root string) error {
	if root == "" || os.Getpid() != 1 {
		return errors.New("not in a test's PID namespace")
	}
	err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
	err = errors.Join(err, syscall.Mount("/usr", root+"/usr", "", syscall.MS_BIND, ""))
	err = errors.Join(err, syscall.Mount("/dev/null", root+"/dev/null", "", syscall.MS_BIND, ""))
	err = errors.Join(err, syscall.Mount("proc", root+"/proc", "proc", 0, ""))
	if err != nil {
		return err
	}
	return errors.Join(syscall.Chroot(root), os.Chdir("/"))
}

// fakeRole restores one file, and starts this binary as its server.
type fakeRole struct{}

func (fakeRole) Name() string   { return "fake" }
func (fakeRole) Volume() string { return volume }

func (fakeRole) Restore(ctx context.Context) (report.Check, error) {
	if there(restoreHangs) {
		<-ctx.Done()
		return report.Failed(ctx.Err()), ctx.Err()
	}
	if there(restoreFails) {
		err := errors.New("this restore fails")
		return report.Failed(err), err
	}
	if err := restore.Wipe(ctx, volume); err != nil {
		return report.Failed(err), err
	}
	return report.Of(1), os.WriteFile(pristine, nil, 0o644)
}

func (fakeRole) Command(secret secretwatch.Secret) (Command, error) {
	os.Remove(serverSocket)
	return Command{
		Path: "/agent.test",
		Args: []string{"server"},
		Env:  []string{modeVariable + "=" + modeServer, "PATH=/usr/bin:/usr/sbin", fmt.Sprintf("GENERATION=%d", secret.Generation)},
		Dir:  "/",
	}, nil
}

func (fakeRole) Answers(ctx context.Context, secret secretwatch.Secret) error {
	conn, err := net.Dial("unix", serverSocket)
	if err != nil {
		return err
	}
	defer conn.Close()
	fmt.Fprintln(conn, "generation")
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && strings.TrimSpace(line) != fmt.Sprint(secret.Generation) {
		err = errors.New("the server is of another generation")
	}
	return err
}

func (fakeRole) Prove(_ context.Context, _, previous secretwatch.Secret) (map[string]report.Check, error) {
	check := report.Of(1)
	check.Detail = fmt.Sprintf("after %d", previous.Generation)
	return map[string]report.Check{"proved": check}, nil
}

// fakeImport reports until the test lets it end; once it may be usable, files follow.
func fakeImport(ctx context.Context, j job.Job, send func(job.Line), offer func(Fetch)) {
	offer(nil)
	if f, err := os.OpenFile(importStarts, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644); err == nil {
		fmt.Fprint(f, ".")
		f.Close()
	}
	for percent := 1.0; !there(importMayEnd); percent++ {
		line := job.Line{Phase: job.Database, Percent: min(percent, 99)}
		if j.Backfill || there(importUsable) {
			line.Phase, line.Usable, line.Fidelity = job.Uploads, true, map[string]any{"resumed": j.Backfill}
			_ = os.MkdirAll(volume+"/"+layout.BackfillDir, 0o700)
			offer(func(_ context.Context, name string) (bool, error) {
				if name == "broken" {
					return false, errors.New("the source's secret words")
				}
				return name == "a.jpg", nil
			})
		}
		send(line)
		sleep(ctx, 10*time.Millisecond)
		if ctx.Err() != nil {
			_ = os.WriteFile(importWasEnded, nil, 0o644)
			return
		}
	}
	send(job.Line{Phase: job.Done, Percent: 100, Result: job.ResultOK, Fidelity: map[string]any{"clone": j.CloneID}})
}

// beServer answers on its socket, and does what a hostile site might.
func beServer() int {
	listener, err := net.Listen("unix", serverSocket)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return 1
		}
		go obey(conn)
	}
}

func obey(conn net.Conn) {
	defer conn.Close()
	line, _ := bufio.NewReader(conn).ReadString('\n')
	verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	switch verb {
	case "generation":
		fmt.Fprintln(conn, os.Getenv("GENERATION"))
	case "die":
		os.Exit(1)
	case "ask":
		fmt.Fprintf(conn, "%s done\n", askAgent(rest))
	case "run":
		if output, err := exec.Command("/bin/sh", "-c", rest).CombinedOutput(); err != nil {
			fmt.Fprintf(conn, "%q %v\n", output, err)
		} else {
			fmt.Fprintln(conn, "done")
		}
	}
}

// askAgent sends PID 1 a request, as a process of the site could.
func askAgent(request string) string {
	conn, err := net.Dial("unix", layout.Socket)
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	fmt.Fprintln(conn, request)
	answer, _ := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(answer)
}

func there(path string) bool {
	_, err := os.Lstat(filepath.Clean(path))
	return err == nil
}

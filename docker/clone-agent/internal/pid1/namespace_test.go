package pid1

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"clonepool.dev/clone-agent/internal/control"
	"clonepool.dev/clone-agent/internal/layout"
	"clonepool.dev/clone-agent/internal/report"
)

// The tests run the supervisor as what it is: process 1 of a PID namespace, in a root directory of its own.
// The test binary plays three parts: the tests, PID 1 (modeInit), and the server that PID 1 starts (modeServer).
const (
	modeVariable = "CLONE_AGENT_TEST_MODE"
	rootVariable = "CLONE_AGENT_TEST_ROOT"
	modeInit     = "init"
	modeServer   = "server"

	volume   = "/volume"
	pristine = volume + "/pristine"
	patience = 20 * time.Second
)

func TestMain(m *testing.M) {
	switch os.Getenv(modeVariable) {
	case modeInit:
		os.Exit(beInit())
	case modeServer:
		os.Exit(beServer())
	}
	os.Exit(m.Run())
}

// container is a PID namespace with the supervisor in it, seen from outside.
type container struct {
	t    *testing.T
	root string
	init *exec.Cmd
	log  *os.File
}

func newContainer(t *testing.T) *container {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: it makes a PID namespace")
	}
	root, err := os.MkdirTemp("", "pid1") // short: it becomes part of socket names
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(root) })
	for _, dir := range []string{"proc", "dev/shm", "dev/mqueue", "usr", "tmp", "etc/clone", "run/clone", "volume"} {
		must(t, os.MkdirAll(filepath.Join(root, dir), 0o755))
	}
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		must(t, os.Symlink("usr/"+name, filepath.Join(root, name)))
	}
	must(t, os.WriteFile(filepath.Join(root, "dev/null"), nil, 0o644)) // the device comes over it
	copyFile(t, os.Args[0], filepath.Join(root, "agent.test"))
	c := &container{t: t, root: root}
	c.log, err = os.Create(filepath.Join(root, "log"))
	must(t, err)
	t.Cleanup(func() {
		if text, err := os.ReadFile(c.log.Name()); err == nil && t.Failed() {
			t.Logf("the agent wrote:\n%s", text)
		}
	})
	return c
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	must(t, err)
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE, 0o755)
	must(t, err)
	_, err = io.Copy(out, in)
	must(t, errors.Join(err, out.Close()))
}

// start starts PID 1; the test ends it.
func (c *container) start() {
	c.t.Helper()
	c.init = exec.Command("/proc/self/exe")
	c.init.Env = []string{modeVariable + "=" + modeInit, rootVariable + "=" + c.root, "PATH=" + os.Getenv("PATH")}
	c.init.Stdout, c.init.Stderr = c.log, c.log
	c.init.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWNET,
		Pdeathsig:  syscall.SIGKILL,
	}
	must(c.t, c.init.Start())
	c.t.Cleanup(c.crash)
}

// crash kills PID 1, and with it every process of the container.
func (c *container) crash() {
	_ = c.init.Process.Kill()
	_ = c.init.Wait()
}

func (c *container) path(inside string) string { return filepath.Join(c.root, inside) }

func (c *container) exists(inside string) bool {
	_, err := os.Lstat(c.path(inside))
	return err == nil
}

func (c *container) write(inside, text string) {
	c.t.Helper()
	must(c.t, os.WriteFile(c.path(inside), []byte(text), 0o644))
}

func (c *container) read(inside string) string {
	text, _ := os.ReadFile(c.path(inside))
	return string(text)
}

func (c *container) remove(inside string) {
	c.t.Helper()
	must(c.t, os.Remove(c.path(inside)))
}

// link moves a file aside and leaves a link to it.
func (c *container) link(inside string) {
	c.t.Helper()
	must(c.t, os.Rename(c.path(inside), c.path(inside)+".aside"))
	must(c.t, os.Symlink(filepath.Base(inside)+".aside", c.path(inside)))
}

// want puts a Secret into place as the kubelet does: a new directory, then one move of a link.
func (c *container) want(generation int64) {
	c.t.Helper()
	dir := c.path(layout.SecretDir)
	name := fmt.Sprintf("..%d-%d", generation, time.Now().UnixNano())
	must(c.t, os.Mkdir(filepath.Join(dir, name), 0o755))
	for key, value := range map[string]string{
		layout.GenerationKey: fmt.Sprint(generation), layout.DBPasswordKey: fmt.Sprintf("password-%d", generation),
	} {
		must(c.t, os.WriteFile(filepath.Join(dir, name, key), []byte(value), 0o644))
	}
	must(c.t, os.Symlink(name, filepath.Join(dir, "..data_tmp")))
	must(c.t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
}

// ask sends a request as a command from outside would, and reads answers until the connection ends or `enough`.
func (c *container) ask(request control.Request, each func(body json.RawMessage, refusal *control.Error) (enough bool)) error {
	conn, err := net.Dial("unix", c.path(layout.Socket))
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if err := json.NewEncoder(conn).Encode(request); err != nil {
		return err
	}
	for answers := json.NewDecoder(conn); ; {
		var a struct {
			Error *control.Error
			Body  json.RawMessage
		}
		if err := answers.Decode(&a); err != nil {
			return err
		}
		if each(a.Body, a.Error) {
			return nil
		}
	}
}

func (c *container) status() (s report.Status) {
	_ = c.ask(control.Request{Command: control.Status}, func(body json.RawMessage, _ *control.Error) bool {
		return json.Unmarshal(body, &s) == nil
	})
	return s
}

func (c *container) testimony(generation int64) (t report.Testimony) {
	_ = c.ask(control.Request{Command: control.Verify, Generation: generation}, func(body json.RawMessage, _ *control.Error) bool {
		return json.Unmarshal(body, &t) == nil
	})
	return t
}

func (c *container) awaitSettled(generation int64) report.Testimony {
	c.t.Helper()
	c.await(fmt.Sprintf("generation %d settled", generation), func() bool { return c.testimony(generation).Settled })
	return c.testimony(generation)
}

func (c *container) await(what string, reached func() bool) {
	c.t.Helper()
	for end := time.Now().Add(patience); !reached(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("not reached: %s; status %+v", what, c.status())
		}
	}
}

// tell sends a line to the server in the container, "die", "run SCRIPT" or "ask REQUEST", and returns what it answers.
func (c *container) tell(line string) string {
	c.t.Helper()
	conn, err := net.Dial("unix", c.path(serverSocket))
	must(c.t, err)
	defer conn.Close()
	fmt.Fprintln(conn, line)
	answer, _ := bufio.NewReader(conn).ReadString('\n')
	if !strings.HasSuffix(answer, "done\n") && line != "die" {
		c.t.Fatalf("%s: %s", line, answer)
	}
	return answer
}

// processes counts what lives in the container.
func (c *container) processes() int {
	ours, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", c.init.Process.Pid))
	must(c.t, err)
	namespaces, err := filepath.Glob("/proc/[0-9]*/ns/pid")
	must(c.t, err)
	count := 0
	for _, path := range namespaces {
		if link, err := os.Readlink(path); err == nil && link == ours && !strings.Contains(path, "/self/") {
			count++
		}
	}
	return count
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func withTimeout() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience)
}

package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// serveOn answers on a socket in a new directory until the test ends.
func serveOn(t *testing.T, handle Handler) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	listener, err := Listen(path)
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	go Serve(context.Background(), listener, handle)
	return path
}

// say sends raw text and returns the answer's first line.
func say(t *testing.T, path, text string) string {
	t.Helper()
	conn, err := net.Dial("unix", path)
	must(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte(text))
	must(t, err)
	line, _ := bufio.NewReader(conn).ReadString('\n')
	return line
}

func TestNothingIsSentToASocketThatIsNotPID1s(t *testing.T) {
	asked := make(chan Request, 1)
	path := serveOn(t, func(_ context.Context, request Request, _ func(any) error) error {
		asked <- request
		return nil
	})
	_, err := Ask(context.Background(), path, Request{Command: Import})
	if !errors.Is(err, ErrImpostor) {
		t.Errorf("error %v, want ErrImpostor", err)
	}
	select {
	case <-asked:
		t.Error("the request was sent all the same")
	default:
	}
}

func TestAnswersAndRefusals(t *testing.T) {
	path := serveOn(t, func(_ context.Context, request Request, send func(any) error) error {
		if request.Generation != 2 {
			return Refuse(request.Generation, 2)
		}
		return send(map[string]string{"hello": request.Command})
	})
	if got := say(t, path, `{"command": "status", "generation": 2}`+"\n"); got != `{"body":{"hello":"status"}}`+"\n" {
		t.Errorf("answer %s", got)
	}
	if got := say(t, path, `{"command": "status", "generation": 1}`+"\n"); !strings.Contains(got, OtherGeneration) {
		t.Errorf("answer %s", got)
	}
}

func TestNonsenseAndTooMuchAreInvalid(t *testing.T) {
	path := serveOn(t, func(context.Context, Request, func(any) error) error { return nil })
	for name, text := range map[string]string{
		"not JSON": "hello\n",
		"too long": `{"command": "` + strings.Repeat("x", 2*maxRequest) + `"}` + "\n",
	} {
		var a answer
		if err := json.Unmarshal([]byte(say(t, path, text)), &a); err != nil || a.Error == nil || a.Error.Code != Invalid {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

func TestTheHandlerLearnsThatTheAskerWentAway(t *testing.T) {
	left := make(chan struct{})
	path := serveOn(t, func(ctx context.Context, _ Request, _ func(any) error) error {
		<-ctx.Done()
		close(left)
		return ctx.Err()
	})
	conn, err := net.Dial("unix", path)
	must(t, err)
	_, err = conn.Write([]byte(`{"command": "import"}` + "\n"))
	must(t, err)
	must(t, conn.Close())
	<-left
}

func TestListenTakesOverWhateverLiesUnderItsName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	must(t, os.MkdirAll(path+"/full", 0o755))
	first, err := Listen(path)
	must(t, err)
	second, err := Listen(path)
	must(t, err)
	must(t, first.Close())
	defer second.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the first listener took the second's name away: %v", err)
	}
}

func TestProcessesOfTheContainerShareFewPlaces(t *testing.T) {
	path := serveOn(t, func(ctx context.Context, _ Request, send func(any) error) error {
		_ = send("held")
		<-ctx.Done()
		return ctx.Err()
	})
	for i := range maxInside { // this test has a parent, as a process of a site has
		conn, err := net.Dial("unix", path)
		must(t, err)
		defer conn.Close()
		_, err = conn.Write([]byte(`{"command": "status"}` + "\n"))
		must(t, err)
		if line, _ := bufio.NewReader(conn).ReadString('\n'); !strings.Contains(line, "held") {
			t.Fatalf("place %d: %q", i, line)
		}
	}
	conn, err := net.Dial("unix", path)
	must(t, err)
	defer conn.Close()
	_, _ = conn.Write([]byte(`{"command": "status"}` + "\n")) // it may be closed already
	if got, _ := bufio.NewReader(conn).ReadString('\n'); got != "" {
		t.Errorf("one more than its share was answered: %q", got)
	}
}

func TestACommandWaitsItsTurnInAFullQueue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	socket, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	must(t, err)
	must(t, syscall.Bind(socket, &syscall.SockaddrUnix{Name: path}))
	must(t, syscall.Listen(socket, 0))
	file := os.NewFile(uintptr(socket), path)
	listener, err := net.FileListener(file)
	must(t, err)
	must(t, file.Close())
	defer listener.Close()
	for { // until the queue is full
		conn, err := net.Dial("unix", path)
		if errors.Is(err, syscall.EAGAIN) {
			break
		}
		must(t, err)
		defer conn.Close()
	}
	asked := make(chan error, 1)
	go func() {
		_, err := Ask(t.Context(), path, Request{Command: Status})
		asked <- err
	}()
	select {
	case err := <-asked:
		t.Fatalf("%v before there was a place", err)
	case <-time.After(50 * time.Millisecond):
	}
	go Serve(t.Context(), listener.(*net.UnixListener), func(context.Context, Request, func(any) error) error { return nil })
	if err := <-asked; !errors.Is(err, ErrImpostor) { // it was accepted, by a listener that is not PID 1
		t.Errorf("error %v, want ErrImpostor", err)
	}
}

func TestTheKernelSaysWhoAsksFromInside(t *testing.T) {
	path := serveOn(t, func(_ context.Context, request Request, send func(any) error) error { return send(request.Inside) })
	for _, text := range []string{`{"command": "import"}`, `{"command": "import", "inside": false, "Inside": false}`} {
		if got := say(t, path, text+"\n"); got != `{"body":true}`+"\n" { // this test has a parent, as a process of a site has
			t.Errorf("%s: %s", text, got)
		}
	}
}

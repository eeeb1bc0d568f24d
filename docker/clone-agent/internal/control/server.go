package control

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"time"

	"clonepool.dev/clone-agent/internal/procs"
)

// Handler answers one request through send, any number of times. An error that it returns is sent as the last answer.
// ctx ends when the asking command has gone away.
type Handler func(ctx context.Context, request Request, send func(any) error) error

const (
	// maxConnections are the places for commands from outside; the container's own processes share a few others, so that
	// a site that takes all it can get keeps no command waiting.
	maxConnections = 32
	maxInside      = 4
	requestTimeout = 5 * time.Second
	sendTimeout    = 5 * time.Second
)

// Listen takes over the socket's name, whatever lies there.
func Listen(path string) (*net.UnixListener, error) {
	if err := os.RemoveAll(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	listener.SetUnlinkOnClose(false) // by then the name may be another listener's
	return listener, os.Chmod(path, 0o600)
}

// Serve answers until the listener is closed.
func Serve(ctx context.Context, listener *net.UnixListener, handle Handler) {
	outside, inside := make(chan struct{}, maxConnections), make(chan struct{}, maxInside)
	for {
		conn, err := listener.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of descriptors: what holds them ends or is killed with its generation
			slog.Warn("accepting a command", "error", err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		isOutside, err := fromOutside(conn)
		places := inside
		if isOutside || err != nil { // a look that failed shall not take the verifier's place away
			places = outside
		}
		select {
		case places <- struct{}{}:
			go func() {
				defer func() { <-places }()
				serve(ctx, conn, !isOutside, handle)
			}()
		default:
			conn.Close()
		}
	}
}

// fromOutside says whether the other side was started by the container runtime and not by a process of the container: its
// parent is not in this PID namespace, or it is not in it itself. A process of the site has one, and be it PID 1.
func fromOutside(conn *net.UnixConn) (bool, error) {
	peer, err := peerOf(conn)
	if err != nil {
		return false, err
	}
	if peer.Pid == 0 {
		return true, nil
	}
	p, alive, err := procs.Find(int(peer.Pid))
	return err == nil && alive && p.Parent == 0, err
}

func serve(ctx context.Context, conn *net.UnixConn, inside bool, handle Handler) {
	defer conn.Close()
	request, err := receive(conn)
	if err != nil {
		_ = send(conn, answer{Error: &Error{Invalid, "not a request: " + err.Error()}})
		return
	}
	request.Inside = inside
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // nothing more is to come: the read ends when the other side does
		_, _ = io.Copy(io.Discard, conn)
		cancel()
	}()
	err = handle(ctx, request, func(body any) error {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		return send(conn, answer{Body: text})
	})
	var refusal *Error
	if errors.As(err, &refusal) {
		_ = send(conn, answer{Error: refusal})
	}
}

func receive(conn *net.UnixConn) (request Request, err error) {
	_ = conn.SetReadDeadline(time.Now().Add(requestTimeout))
	defer func() { _ = conn.SetReadDeadline(time.Time{}) }()
	err = json.NewDecoder(io.LimitReader(conn, maxRequest)).Decode(&request)
	return request, err
}

func send(conn *net.UnixConn, a answer) error {
	_ = conn.SetWriteDeadline(time.Now().Add(sendTimeout))
	return json.NewEncoder(conn).Encode(a)
}

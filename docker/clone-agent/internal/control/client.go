package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

const maxQueued = 10 * time.Second

// Conversation is one request to PID 1 and its answers.
type Conversation struct {
	conn    *net.UnixConn
	answers *json.Decoder
}

// Ask sends a request to PID 1. Nothing is sent before the kernel has said that process 1 listens.
func Ask(ctx context.Context, path string, request Request) (*Conversation, error) {
	conn, err := dial(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("the agent does not listen: %w", err)
	}
	unix := conn.(*net.UnixConn)
	if err := mustBeInit(unix); err != nil {
		conn.Close()
		return nil, err
	}
	if err := json.NewEncoder(conn).Encode(request); err != nil {
		conn.Close()
		return nil, err
	}
	context.AfterFunc(ctx, func() { conn.Close() })
	return &Conversation{unix, json.NewDecoder(conn)}, nil
}

// dial waits its turn, at most maxQueued: a site that connects without end fills the kernel's queue of those who are not
// accepted yet, and the kernel then refuses the next one at once (EAGAIN). PID 1 empties the queue faster than a turn takes.
func dial(ctx context.Context, path string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, maxQueued)
	defer cancel()
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "unix", path)
		if !errors.Is(err, syscall.EAGAIN) {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w for %v", err, maxQueued)
		case <-time.After(time.Millisecond):
		}
	}
}

func mustBeInit(conn *net.UnixConn) error {
	peer, err := peerOf(conn)
	if err != nil {
		return fmt.Errorf("asking who listens: %w", err)
	}
	if peer.Pid != 1 {
		return ErrImpostor
	}
	return nil
}

// peerOf asks the kernel who is at the other end, as it was when the connection was made.
func peerOf(conn *net.UnixConn) (peer *syscall.Ucred, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	var peerErr error
	err = raw.Control(func(fd uintptr) {
		peer, peerErr = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	return peer, errors.Join(err, peerErr)
}

// Next reads the next answer into body. It returns io.EOF after the last one, and an *Error for a refusal.
func (c *Conversation) Next(body any) error {
	var a answer
	if err := c.answers.Decode(&a); err != nil {
		if err == io.ErrUnexpectedEOF {
			return io.EOF
		}
		return err
	}
	if a.Error != nil {
		return a.Error
	}
	return json.Unmarshal(a.Body, body)
}

// Close ends the conversation; PID 1 goes on with what it does.
func (c *Conversation) Close() { c.conn.Close() }

package control

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"syscall"
)

// Conversation is one request to PID 1 and its answers.
type Conversation struct {
	conn    *net.UnixConn
	answers *json.Decoder
}

// Ask sends a request to PID 1. Nothing is sent before the kernel has said that process 1 listens.
func Ask(ctx context.Context, path string, request Request) (*Conversation, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", path)
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

func mustBeInit(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var peer *syscall.Ucred
	var peerErr error
	err = raw.Control(func(fd uintptr) {
		peer, peerErr = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if err != nil || peerErr != nil {
		return fmt.Errorf("asking who listens: %v %v", err, peerErr)
	}
	if peer.Pid != 1 {
		return ErrImpostor
	}
	return nil
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

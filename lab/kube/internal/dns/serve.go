package dns

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

const idle = 10 * time.Second

// serve answers on UDP and TCP until the context ends or a listener fails.
func serve(ctx context.Context, address string, resolver *Resolver) error {
	packets, err := net.ListenPacket("udp", address)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return errors.Join(fmt.Errorf("listen: %w", err), packets.Close())
	}
	failed := make(chan error, 2)
	go func() { failed <- serveUDP(ctx, packets, resolver) }()
	go func() { failed <- serveTCP(ctx, listener, resolver) }()
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	return errors.Join(err, packets.Close(), listener.Close())
}

func serveUDP(ctx context.Context, packets net.PacketConn, resolver *Resolver) error {
	for {
		query := make([]byte, 4096)
		size, client, err := packets.ReadFrom(query)
		if err != nil {
			return fmt.Errorf("receive: %w", err)
		}
		go func() {
			answer, err := resolver.Answer(ctx, "udp", query[:size])
			if err == nil {
				_, _ = packets.WriteTo(answer, client) // a client that left asks again
			}
		}()
	}
}

func serveTCP(ctx context.Context, listener net.Listener, resolver *Resolver) error {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		go converse(ctx, connection, resolver)
	}
}

func converse(ctx context.Context, connection net.Conn, resolver *Resolver) {
	defer connection.Close()
	for connection.SetDeadline(time.Now().Add(idle)) == nil {
		query, err := readFramed(connection)
		if err != nil {
			return
		}
		answer, err := resolver.Answer(ctx, "tcp", query)
		if err != nil || writeFramed(connection, answer) != nil {
			return
		}
	}
}

// Over TCP each message is preceded by its length in two bytes (RFC 1035, 4.2.2).
func readFramed(reader io.Reader) ([]byte, error) {
	var length uint16
	if err := binary.Read(reader, binary.BigEndian, &length); err != nil {
		return nil, fmt.Errorf("read length: %w", err)
	}
	message := make([]byte, length)
	if _, err := io.ReadFull(reader, message); err != nil {
		return nil, fmt.Errorf("read message: %w", err)
	}
	return message, nil
}

func writeFramed(writer io.Writer, message []byte) error {
	framed := binary.BigEndian.AppendUint16(make([]byte, 0, len(message)+2), uint16(len(message)))
	if _, err := writer.Write(append(framed, message...)); err != nil {
		return fmt.Errorf("write message: %w", err)
	}
	return nil
}

package sockets

import (
	"context"
	"net/netip"
	"syscall"
	"time"
)

// rounds bounds how often EndOwn looks again: a port may be free only after another connection has been ended.
const rounds = 3

// EndOwn makes the kernel forget the closed connections of the pod with itself, between WordPress and MySQL above all: their
// ports would tell the next site something for a minute. It returns how many are left.
//
// It needs no privilege. Whoever asks anew for a connection that is only kept gets the answer to an old one, which he must
// refuse, and the refusal ends it (RFC 1337 calls it assassination). For that one must have the address of the other end, so
// it cannot be done to connections with other hosts.
func EndOwn(ctx context.Context) (left int, err error) {
	own, err := Own()
	if err != nil {
		return 0, err
	}
	for range rounds {
		kept, err := keptAmong(own)
		if left = len(kept); err != nil || left == 0 {
			return left, err
		}
		for _, s := range kept {
			if ctx.Err() != nil {
				return left, ctx.Err()
			}
			end(s)
		}
		time.Sleep(time.Millisecond) // the packets are on their way
	}
	kept, err := keptAmong(own)
	return len(kept), err
}

func keptAmong(own func(netip.Addr) bool) (kept []Socket, err error) {
	all, err := List()
	for _, s := range all {
		if s.Closed && own(s.Remote.Addr()) {
			kept = append(kept, s)
		}
	}
	return kept, err
}

// end asks for the connection from its other end and lets go at once. What does not work leaves it as it is.
func end(s Socket) {
	family, from, to := syscall.AF_INET6, sockaddr6(s.Remote), sockaddr6(s.Local)
	if s.Remote.Addr().Is4() {
		family, from, to = syscall.AF_INET, sockaddr4(s.Remote), sockaddr4(s.Local)
	}
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer syscall.Close(fd)
	_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	_ = syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1}) // nothing of this one stays
	if syscall.Bind(fd, from) == nil {
		_ = syscall.Connect(fd, to)
	}
}

func sockaddr4(a netip.AddrPort) syscall.Sockaddr {
	return &syscall.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
}

func sockaddr6(a netip.AddrPort) syscall.Sockaddr {
	return &syscall.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}

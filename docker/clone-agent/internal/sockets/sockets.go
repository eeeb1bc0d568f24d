// Package sockets looks at what the kernel keeps of the pod's connections after their processes have ended, and ends what
// may be ended. The containers of a pod share one network, which outlives every reset.
package sockets

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Listen is the state of a socket that waits for connections, as /proc/net/tcp numbers it.
const Listen = 0x0A

const (
	// stayTime is how long the kernel keeps a closed connection (TCP_TIMEWAIT_LEN); no setting changes it.
	stayTime = 60 * time.Second
	// stayTimer is the number in /proc/net/tcp of the timer that only such a connection has.
	stayTimer = 3
	// ticksPerSecond is the unit of timers in /proc: USER_HZ.
	ticksPerSecond = 100
)

// Socket is one entry of the kernel's table of TCP.
type Socket struct {
	Local, Remote netip.AddrPort
	State         int
	Closed        bool          // no process holds it: the kernel alone keeps it (TIME_WAIT)
	Age           time.Duration // since it was closed
}

// List returns the TCP sockets of the pod, whoever has them.
func List() ([]Socket, error) {
	var all []Socket
	for _, path := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) { // a kernel without IPv6
			continue
		}
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) > 0 && fields[0] == "sl" {
				continue
			}
			s, err := parse(fields)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			all = append(all, s)
		}
	}
	return all, nil
}

func parse(fields []string) (s Socket, err error) {
	if len(fields) < 6 {
		return s, fmt.Errorf("%d columns", len(fields))
	}
	state, errState := strconv.ParseInt(fields[3], 16, 0)
	timer, when, _ := strings.Cut(fields[5], ":")
	active, errTimer := strconv.ParseInt(timer, 16, 0)
	ticks, errWhen := strconv.ParseInt(when, 16, 64)
	var errLocal, errRemote error
	s.Local, errLocal = address(fields[1])
	s.Remote, errRemote = address(fields[2])
	s.State = int(state)
	if s.Closed = active == stayTimer; s.Closed {
		s.Age = stayTime - time.Duration(ticks)*time.Second/ticksPerSecond
	}
	return s, errors.Join(errState, errTimer, errWhen, errLocal, errRemote)
}

// address reads words of 32 bits in the machine's order of bytes, which is little-endian wherever this runs, and a port.
func address(text string) (netip.AddrPort, error) {
	host, port, _ := strings.Cut(text, ":")
	bytes, err := hex.DecodeString(host)
	number, errPort := strconv.ParseUint(port, 16, 16)
	if err = errors.Join(err, errPort); err != nil {
		return netip.AddrPort{}, err
	}
	for word := range slices.Chunk(bytes, 4) {
		slices.Reverse(word)
	}
	found, ok := netip.AddrFromSlice(bytes)
	if !ok {
		return netip.AddrPort{}, fmt.Errorf("%q is no address", host)
	}
	return netip.AddrPortFrom(found.Unmap(), uint16(number)), nil
}

// Own returns a function that says whether an address is the pod's own.
func Own() (func(netip.Addr) bool, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	own := map[netip.Addr]bool{}
	for _, a := range addresses {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil {
			own[prefix.Addr().Unmap()] = true
		}
	}
	return func(a netip.Addr) bool { return a.IsLoopback() || own[a.WithZone("")] }, nil
}

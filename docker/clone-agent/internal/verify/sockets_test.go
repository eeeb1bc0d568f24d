package verify

import (
	"net/netip"
	"testing"
	"time"

	"clonepool.dev/clone-agent/internal/sockets"
)

func socket(local, remote string, state int, age time.Duration) sockets.Socket {
	return sockets.Socket{
		Local: netip.MustParseAddrPort(local), Remote: netip.MustParseAddrPort(remote), State: state, Closed: age > 0, Age: age,
	}
}

const established, timeWait, finWait = 1, 6, 4

func TestWhichSocketsMayBeThere(t *testing.T) {
	const sinceKill = 3 * time.Second
	own := func(a netip.Addr) bool { return a.IsLoopback() || a == netip.MustParseAddr("10.1.0.9") }
	for name, c := range map[string]struct {
		socket   sockets.Socket
		expected bool
	}{
		"Apache waits":                     {socket("[::]:80", "[::]:0", sockets.Listen, 0), true},
		"MySQL waits":                      {socket("127.0.0.1:3306", "0.0.0.0:0", sockets.Listen, 0), true},
		"somebody else waits":              {socket("0.0.0.0:8080", "0.0.0.0:0", sockets.Listen, 0), false},
		"WordPress asks MySQL":             {socket("127.0.0.1:40000", "127.0.0.1:3306", established, 0), true},
		"it has asked since the kill":      {socket("127.0.0.1:40000", "127.0.0.1:3306", timeWait, time.Second), true},
		"the site before has asked":        {socket("127.0.0.1:40000", "127.0.0.1:3306", timeWait, 4*time.Second), false},
		"by the pod's address":             {socket("10.1.0.9:40000", "10.1.0.9:9999", timeWait, 4*time.Second), false},
		"a probe of the node":              {socket("10.1.0.9:80", "10.1.0.1:40000", timeWait, time.Second), true},
		"a visitor of the clone before":    {socket("10.1.0.9:80", "10.2.0.7:40000", timeWait, 30*time.Second), true},
		"the source was asked":             {socket("10.1.0.9:40000", "203.0.113.5:443", timeWait, 4*time.Second), false},
		"a host is being left":             {socket("10.1.0.9:40000", "203.0.113.5:443", finWait, 0), false},
		"a host was asked from port 80":    {socket("10.1.0.9:80", "203.0.113.5:443", timeWait, 4*time.Second), false},
		"a host is asked now, after reset": {socket("10.1.0.9:40000", "203.0.113.5:443", established, 0), false},
	} {
		why, out := strange(c.socket, own, sinceKill), leadsOut(c.socket, own)
		if (why == "" && !out) != c.expected || why != "" && out {
			t.Errorf("%s: %q, leads out: %v", name, why, out)
		}
	}
}

func TestTheKernelMayRememberVisitorsOnly(t *testing.T) {
	met := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("10.1.0.1"), netip.MustParseAddr("203.0.113.5")}
	probe := []sockets.Socket{socket("10.1.0.9:80", "10.1.0.1:40000", timeWait, time.Second)}
	for called, want := range map[string]int{"203.0.113.5": 1, "::ffff:203.0.113.5": 1, "203.0.113.6": 0, "10.1.0.1": 0, "nonsense": 0} {
		if got := remembered(met, []string{called}, probe); got != want {
			t.Errorf("%s: %d, want %d", called, got, want)
		}
	}
}

package verify

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"clonepool.dev/clone-agent/internal/procs"
	"clonepool.dev/clone-agent/internal/report"
	"clonepool.dev/clone-agent/internal/sockets"
)

const (
	webPort      = 80
	databasePort = 3306
	// callersPort is the least port that a caller's end has; servers that a site may call listen below.
	callersPort = 1024
)

// connections looks at what the kernel keeps of the pod's connections: the next site could read there with whom the site
// before has spoken. `sockets` is what the reset ends, `peers` what only a new pod is without. Visitors' own are left out, who
// come through the ingress: they name the ingress, not a customer.
func connections(t report.Testimony) map[string]report.Check {
	s, err := survey(t)
	if err != nil {
		return map[string]report.Check{"sockets": report.Failed(err), "peers": report.Failed(err)}
	}
	var strangers, peers []string
	for _, one := range s.all {
		if why := strange(one, s.own, s.sinceKill); why != "" {
			strangers = append(strangers, fmt.Sprintf("port %d to port %d: %s", one.Local.Port(), one.Remote.Port(), why))
		}
		if leadsOut(one, s.own) {
			peers = append(peers, fmt.Sprintf("port %d leads to port %d of another host", one.Local.Port(), one.Remote.Port()))
		}
	}
	if known := remembered(s.met, t.Called, s.all); known > 0 {
		peers = append(peers, fmt.Sprintf("the kernel remembers %d hosts that a lease before could call", known))
	}
	return map[string]report.Check{"sockets": report.Of(len(s.all), strangers...), "peers": report.Of(len(s.met), peers...)}
}

// network is what a verifier sees of the pod's connections.
type network struct {
	all       []sockets.Socket
	own       func(netip.Addr) bool
	met       []netip.Addr
	sinceKill time.Duration
}

func survey(t report.Testimony) (n network, err error) {
	if n.all, err = sockets.List(); err != nil {
		return n, err
	}
	if n.own, err = sockets.Own(); err != nil {
		return n, err
	}
	if n.met, err = sockets.Remembered(); err != nil {
		return n, err
	}
	now, err := procs.SinceBoot()
	n.sinceKill = now - t.KilledSinceBoot
	if t.Generation == 1 { // a new pod: its containers began one after the other, and nobody was there before
		n.sinceKill = now
	}
	return n, err
}

// strange says what is wrong with a socket in a pod that waits for its site.
func strange(s sockets.Socket, own func(netip.Addr) bool, sinceKill time.Duration) string {
	switch {
	case s.State == sockets.Listen && s.Local.Port() != webPort && s.Local.Port() != databasePort:
		return "a stranger listens"
	case s.State != sockets.Listen && own(s.Remote.Addr()) && s.Closed && s.Age > sinceKill+startGranularity:
		return "closed before the kill"
	}
	return ""
}

// leadsOut says whether the pod has called somebody outside: nothing does in a pod that waits.
func leadsOut(s sockets.Socket, own func(netip.Addr) bool) bool {
	return s.State != sockets.Listen && !own(s.Remote.Addr()) && !visitors(s)
}

func visitors(s sockets.Socket) bool {
	return s.Local.Port() == webPort && s.Remote.Port() >= callersPort
}

// remembered counts the hosts that the kernel has met and a lease could call. One that visits the pod now, as the node and
// the ingress do, is known to everybody in it anyway.
func remembered(met []netip.Addr, called []string, all []sockets.Socket) (count int) {
	for _, text := range called {
		host, err := netip.ParseAddr(text)
		if err != nil || !slices.Contains(met, host.Unmap()) {
			continue
		}
		visits := func(s sockets.Socket) bool { return s.Remote.Addr() == host.Unmap() && visitors(s) }
		if !slices.ContainsFunc(all, visits) {
			count++
		}
	}
	return count
}

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
// before has spoken. Visitors' own are left out, who come through the ingress: they name the ingress, not a customer.
func connections(t report.Testimony) report.Check {
	all, err := sockets.List()
	if err != nil {
		return report.Failed(err)
	}
	own, err := sockets.Own()
	if err != nil {
		return report.Failed(err)
	}
	hosts, err := sockets.Remembered()
	if err != nil {
		return report.Failed(err)
	}
	now, err := procs.SinceBoot()
	if err != nil {
		return report.Failed(err)
	}
	sinceKill := now - t.KilledSinceBoot
	if t.Generation == 1 { // a new pod: its containers began one after the other, and nobody was there before
		sinceKill = now
	}
	var findings []string
	for _, s := range all {
		if why := strange(s, own, sinceKill); why != "" {
			findings = append(findings, fmt.Sprintf("port %d to port %d: %s", s.Local.Port(), s.Remote.Port(), why))
		}
	}
	if known := remembered(hosts, t.Called, all); known > 0 {
		findings = append(findings, fmt.Sprintf("the kernel remembers %d hosts that a lease before could call", known))
	}
	return report.Of(len(all)+len(hosts), findings...)
}

// strange says what is wrong with a socket in a pod that waits for its site.
func strange(s sockets.Socket, own func(netip.Addr) bool, sinceKill time.Duration) string {
	switch {
	case s.State == sockets.Listen:
		if port := s.Local.Port(); port != webPort && port != databasePort {
			return "a stranger listens"
		}
	case own(s.Remote.Addr()):
		if s.Closed && s.Age > sinceKill+startGranularity {
			return "closed before the kill"
		}
	case !visitors(s):
		return "leads to another host"
	}
	return ""
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

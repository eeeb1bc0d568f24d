package source

import (
	"context"
	"net/netip"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/job"
)

// Resolver looks up the addresses of a name; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// given is a Resolver that answers with what the job says: a pod has no DNS, and its network lets it reach these only.
type given []string

func (g given) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	out := make([]netip.Addr, len(g))
	for i, text := range g {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return nil, err
		}
		out[i] = address
	}
	return out, nil
}

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		out[i] = netip.MustParsePrefix(text)
	}
	return out
}

var (
	// never are addresses that no setting allows: metadata services, link-local, multicast, reserved.
	never = prefixes("0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",
		"224.0.0.0/4", "240.0.0.0/4", "100.100.100.200/32", "168.63.129.16/32",
		"::/128", "fe80::/10", "ff00::/8", "fd00:ec2::/32", "100::/64", "2001:db8::/32", "64:ff9b:1::/48")
	// private are addresses that a laboratory may allow: loopback, RFC 1918, carrier-grade NAT, unique local.
	private = prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "100.64.0.0/10", "198.18.0.0/15",
		"::1/128", "fc00::/7", "fec0::/10")
	// carriers hold an IPv4 address in IPv6: in the last 32 bits, or in the given bytes.
	nat64  = netip.MustParsePrefix("64:ff9b::/96")
	compat = netip.MustParsePrefix("::/96")
	siit   = netip.MustParsePrefix("::ffff:0:0:0/96") // RFC 7915
	sixTo4 = netip.MustParsePrefix("2002::/16")
	teredo = netip.MustParsePrefix("2001::/32")
)

// pin resolves a host once, for the whole job. One forbidden address among several is enough to refuse the host: a name
// that points to both is made to deceive.
func pin(ctx context.Context, resolver Resolver, host string, allowPrivate bool) ([]netip.Addr, error) {
	addresses, err := lookup(ctx, resolver, host)
	if err != nil {
		return nil, err
	}
	var v4, v6 []netip.Addr
	for _, address := range addresses {
		address = address.Unmap().WithZone("")
		if why := forbidden(address, allowPrivate); why != "" {
			return nil, failure.New(job.SourceInvalid, "%s resolves to %s, %s", host, address, why)
		}
		if address.Is4() {
			v4 = append(v4, address)
		} else {
			v6 = append(v6, address)
		}
	}
	return append(v4, v6...), nil
}

func lookup(ctx context.Context, resolver Resolver, host string) ([]netip.Addr, error) {
	if address, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{address}, nil
	}
	addresses, err := resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, failure.New(job.SourceUnreachable, "%s does not resolve: %w", host, err)
	}
	if len(addresses) == 0 {
		return nil, failure.New(job.SourceUnreachable, "%s has no address", host)
	}
	return addresses, nil
}

// forbidden says why an address must not be asked, or nothing.
func forbidden(address netip.Addr, allowPrivate bool) string {
	if inner, ok := carried(address); ok {
		address = inner
	}
	if in(address, never) {
		return "which is no address of a site"
	}
	if !allowPrivate && in(address, private) {
		return "which is a private address"
	}
	return ""
}

// carried returns the IPv4 address inside an IPv6 one (mapped, compatible, translated, NAT64, 6to4, Teredo).
func carried(address netip.Addr) (netip.Addr, bool) {
	if address.Is4() || address.Is4In6() {
		return address.Unmap(), true
	}
	b := address.As16()
	switch {
	case nat64.Contains(address), siit.Contains(address), compat.Contains(address) && b[12] != 0:
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case sixTo4.Contains(address):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	case teredo.Contains(address):
		return netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]}), true
	}
	return address, false
}

func in(address netip.Addr, prefixes []netip.Prefix) bool {
	for _, p := range prefixes {
		if p.Contains(address) {
			return true
		}
	}
	return false
}

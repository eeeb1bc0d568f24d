package rewrite

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// PathMapping moves an absolute path of the source, which may be one of Windows, to one of the clone, which is not.
type PathMapping struct {
	From, To string
}

// Mapping says what a clone's source was called and what the clone is called.
type Mapping struct {
	// Sources are the site's own addresses (home, siteurl, ...); only scheme, host and port count.
	Sources []string
	// Target is the clone's address; only scheme, host and port count. The path of a URL is never changed.
	Target string
	// Paths are absolute directories of the source, such as ABSPATH.
	Paths []PathMapping
	// AddressesOnly leaves out hosts without slashes before them, and base64.
	AddressesOnly bool
	// SpillDir is where large cells keep what they need while they are rewritten; empty: the system's folder for such.
	SpillDir string
}

// plan is a compiled Mapping, shared by all rewriters made from it.
type plan struct {
	words         []byte // what edits write, as far as it is known beforehand
	scheme        span
	authority     span // host[:port]
	slash         span
	needles       []needle
	addressesOnly bool
	spillDir      string
}

func (p *plan) word(text string) span {
	p.words = append(p.words, text...)
	return span{len(p.words) - len(text), len(p.words)}
}

// origin is one address of the source; a host may have several ports.
type origin struct {
	ports []string // explicit ports that belong to the site; "" when the site has none
	bare  bool     // also without slashes before it
}

func compile(m Mapping) (*plan, error) {
	target, err := url.Parse(m.Target)
	if err != nil || target.Host == "" {
		return nil, fmt.Errorf("rewrite: target %q must be a URL with a host", m.Target)
	}
	p := &plan{addressesOnly: m.AddressesOnly, spillDir: m.SpillDir}
	p.scheme = p.word(strings.ToLower(target.Scheme))
	p.authority = p.word(strings.ToLower(target.Host))
	p.slash = p.word("/")
	if err := p.addHosts(m.Sources); err != nil {
		return nil, err
	}
	for _, path := range m.Paths {
		p.addPath(path)
	}
	return p, nil
}

func (p *plan) addHosts(sources []string) error {
	hosts := map[string]*origin{}
	for _, text := range sources {
		u, err := url.Parse(text)
		if err != nil || u.Hostname() == "" {
			return fmt.Errorf("rewrite: source %q must be a URL with a host", text)
		}
		host := withoutWWW(strings.ToLower(u.Hostname()))
		o := hosts[host]
		if o == nil {
			o = &origin{bare: !p.addressesOnly && bareName(host)}
			hosts[host] = o
		}
		port := explicitPort(u)
		if !slices.Contains(o.ports, port) {
			o.ports = append(o.ports, port)
		}
	}
	for host, o := range hosts {
		for _, spelling := range hostSpellings(host) {
			p.needles = append(p.needles, newNeedle(spelling, o))
		}
	}
	slices.SortFunc(p.needles, func(a, b needle) int { return strings.Compare(string(a.text), string(b.text)) })
	return nil
}

// withoutWWW drops a leading www., which is optional in a text, unless it is the name itself (www.com).
func withoutWWW(host string) string {
	if rest, found := strings.CutPrefix(host, "www."); found && strings.Contains(rest, ".") {
		return rest
	}
	return host
}

// explicitPort returns the port of u unless it is the scheme's own.
func explicitPort(u *url.URL) string {
	port := u.Port()
	if (u.Scheme == "http" && port == "80") || (u.Scheme == "https" && port == "443") {
		return ""
	}
	return port
}

// accepts says whether an explicit port in a text belongs to the site.
func (o *origin) accepts(port []byte) bool {
	for _, own := range o.ports {
		if own == string(port) || (own == "" && (string(port) == "80" || string(port) == "443")) {
			return true
		}
	}
	return false
}

// hostSpellings lists the ways in which a host is written: as it is, and an international one in punycode, Unicode,
// JSON escapes and percent-encoding, these also twice. An IPv6 address stands in brackets.
func hostSpellings(host string) []string {
	if strings.Contains(host, ":") {
		return []string{"[" + host + "]"}
	}
	ascii, unicode := toASCII(host), toUnicode(host)
	spellings := []string{ascii}
	if unicode != ascii {
		inJSON, inURL := jsonEscaped(unicode), percentEncoded(unicode)
		spellings = append(spellings, unicode, inJSON, inURL)
		spellings = append(spellings, strings.ReplaceAll(inJSON, `\`, `\\`), strings.ReplaceAll(inURL, "%", "%25"))
	}
	return spellings
}

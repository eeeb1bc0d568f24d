package rewrite

import (
	"bytes"
	"strings"
)

// bareName says whether a host may also be met without slashes before it: it is a name of more than one part. A single word
// (localhost) means this machine in any option, and an IP address may be that of any service.
func bareName(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	return len(last) < len(host) && !isDigit(last[0]) && !strings.Contains(host, ":")
}

// delimiters may stand before a bare host. Not among them is what makes it something else: @ of an e-mail address, a dot or
// a hyphen of a longer name, slashes of a path, the colon of a tag: URI or a property's id (sc-domain:example.com).
const delimiters = " \t\r\n\"'`()[]{}<>,;=|"

// entities that end in such a delimiter.
var delimiterEntities = []string{"&quot;", "&#34;", "&#034;", "&apos;", "&#39;", "&#039;", "&lt;", "&gt;", "&nbsp;"}

// bare rewrites a host that stands alone as a value or between delimiters: a domain in an option, a cookie's domain with
// its dot, an attribute.
func (r *Rewriter) bare(p piece, host, after int, o *origin) {
	start := host
	if start > p.lo && p.b[start-1] == '.' {
		start--
	}
	escaped := breakBefore(p.b, p.lo, start)
	if !escaped && !standsAlone(p.b, p.lo, start) {
		return
	}
	end, ok := r.authorityEnd(p.b, after, o)
	switch {
	case !ok:
	case escaped && !(p.inJSON && isOdd(p.b, p.lo, start-1)):
		r.note(unclearHost) // as likely a longer name behind a backslash
	default:
		r.replace(p.b, host, end, r.authority(percents(p.b[p.lo:start])))
	}
}

// breakBefore says whether a line break or tab ends at an offset that is escaped with a backslash, in any spelling.
func breakBefore(b []byte, lo, at int) bool {
	return at > lo && isBreak(b[at-1]) && skipBackslashes(b, lo, at-1) < at-1
}

func isBreak(c byte) bool { return c == 'n' || c == 'r' || c == 't' }

// isOdd says whether the backslashes before an offset are odd in number: then the last one escapes what follows.
func isOdd(b []byte, lo, at int) bool {
	n := 0
	for at-n > lo && b[at-n-1] == '\\' {
		n++
	}
	return n%2 == 1
}

// standsAlone says whether a delimiter or the beginning lo is before an offset.
func standsAlone(b []byte, lo, at int) bool {
	if at == lo {
		return true
	}
	c := b[at-1]
	if c == ';' {
		return endsNoName(b[lo:at])
	}
	if code, ok := escapedBefore(b, lo, at); ok {
		c = code
	}
	return strings.IndexByte(delimiters, c) >= 0 && !(c == ' ' && hidesAt(b[lo:at]))
}

// longestName is that of the entities which WordPress knows (&thetasym;), and more.
const longestName = 10

// endsNoName says whether a semicolon at the end of b is a delimiter: it ends no entity but one of those.
func endsNoName(b []byte) bool {
	for _, entity := range delimiterEntities {
		if hasFold(b, len(b)-len(entity), entity) {
			return true
		}
	}
	for n := 1; n <= longestName && n+1 < len(b); n++ {
		c := b[len(b)-1-n]
		if !isAlnum(c) && c != '#' {
			return true
		}
		if b[len(b)-2-n] == '&' {
			return false
		}
	}
	return true
}

// escapedBefore reads %22, %2522 ... or \u0022 that ends at an offset. What is not ASCII is a zero.
func escapedBefore(b []byte, lo, at int) (c byte, ok bool) {
	start := at - 2
	if start < lo || fromHex(b[start]) < 0 || fromHex(b[start+1]) < 0 {
		return 0, false
	}
	c = byte(fromHex(b[start])<<4 | fromHex(b[start+1]))
	if start-4 >= lo {
		if char, ok := utf16Unit(b[:at], start-4); ok {
			if char > 0x7f {
				c = 0
			}
			return c, true
		}
	}
	_, ok = percentBefore(b, lo, start)
	return c, ok
}

// hidesAt says whether a text ends in what people write for @ to hide an e-mail address from robots.
func hidesAt(b []byte) bool {
	b = bytes.TrimRight(b, " ")
	for _, word := range []string{"(at)", "[at]", "{at}"} {
		if hasFold(b, len(b)-len(word), word) {
			return true
		}
	}
	return false
}

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
const delimiters = " \t\r\n\"'`()[]{}<>,=|"

// entities that end in such a delimiter.
var delimiterEntities = []string{"&quot;", "&#34;", "&#034;", "&apos;", "&#39;", "&#039;", "&lt;", "&gt;", "&nbsp;"}

// bare rewrites a host that stands alone as a value or between delimiters: a domain in an option, a cookie's domain with
// its dot, an attribute.
func (r *Rewriter) bare(b []byte, lo, host, after int, o *origin) {
	start := host
	if start > lo && b[start-1] == '.' {
		start--
	}
	encoded, ok := standsAlone(b, lo, start)
	if !ok {
		return
	}
	if end, ok := r.authorityEnd(b, after, o); ok {
		authority := r.plan.authority
		if encoded {
			authority = r.plan.encoded
		}
		r.replace(b, host, end, authority)
	}
}

// standsAlone says whether a delimiter or the beginning lo is before an offset, and whether it is percent-encoded.
func standsAlone(b []byte, lo, at int) (encoded, ok bool) {
	if at == lo {
		return false, true
	}
	c := b[at-1]
	if c == ';' {
		for _, entity := range delimiterEntities {
			if at-len(entity) >= lo && hasFold(b, at-len(entity), entity) {
				return false, true
			}
		}
		return false, false
	}
	if code, ok := escapedBefore(b, lo, at); ok {
		c, encoded = code, b[at-3] != '0'
	}
	if c == ' ' && hidesAt(b[lo:at]) {
		return false, false
	}
	return encoded, strings.IndexByte(delimiters, c) >= 0
}

// escapedBefore reads %22, %2522 ... or \u0022 that ends at an offset.
func escapedBefore(b []byte, lo, at int) (c byte, ok bool) {
	start := at - 2
	if start < lo || fromHex(b[start]) < 0 || fromHex(b[start+1]) < 0 {
		return 0, false
	}
	c = byte(fromHex(b[start])<<4 | fromHex(b[start+1]))
	if start-4 >= lo && hasFold(b, start-4, `\u00`) {
		return c, true
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

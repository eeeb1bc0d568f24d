package rewrite

import "bytes"

// mark is a character that separates the parts of a URL, with the spellings in which it is met: itself or percent-encoded
// any number of times, after any number of backslashes (JSON, wp_slash); as \u escape; as HTML entity.
type mark struct {
	char     byte
	hex      string
	entities [3]string
}

var (
	slash = mark{'/', "2f", [3]string{"&#x2f;", "&#47;", "&#047;"}}
	colon = mark{':', "3a", [3]string{"&#x3a;", "&#58;", "&#058;"}}
)

// before returns the offset at which a spelling of m that ends at end begins, not before lo.
func (m *mark) before(b []byte, lo, end int) (start int, ok bool) {
	if end <= lo {
		return 0, false
	}
	switch c := b[end-1]; {
	case c == m.char:
		return skipBackslashes(b, lo, end-1), true
	case lower[c] == m.hex[1]:
		return m.hexBefore(b, lo, end)
	case c == ';':
		for _, entity := range m.entities {
			if end-len(entity) >= lo && hasFold(b, end-len(entity), entity) {
				return end - len(entity), true
			}
		}
	}
	return 0, false
}

// hexBefore is before for %2F, %252F ... and \u002F.
func (m *mark) hexBefore(b []byte, lo, end int) (start int, ok bool) {
	at := end - 2
	if at < lo || !hasFold(b, at, m.hex) {
		return 0, false
	}
	if at-3 > lo && hasFold(b, at-3, "u00") && b[at-4] == '\\' {
		return skipBackslashes(b, lo, at-4), true
	}
	if at, ok = percentBefore(b, lo, at); ok {
		return skipBackslashes(b, lo, at), true
	}
	return 0, false
}

// percentBefore returns where the % of a percent-encoded character begins, whose two digits begin at an offset.
func percentBefore(b []byte, lo, at int) (start int, ok bool) {
	for at-2 >= lo && hasAt(b, at-2, "25") {
		at -= 2
	}
	return at - 1, at > lo && b[at-1] == '%'
}

// skipBackslashes goes back over backslashes, as they are or percent-encoded.
func skipBackslashes(b []byte, lo, at int) int {
	for at > lo {
		if b[at-1] == '\\' {
			at--
			continue
		}
		if !hasFold(b, at-2, "5c") || at-2 < lo {
			break
		}
		start, ok := percentBefore(b, lo, at-2)
		if !ok {
			break
		}
		at = start
	}
	return at
}

// host rewrites the host at an offset, if it is that of an address (two slashes before it) or stands alone, and neither a
// longer name nor another port follows. b ends where the text ends, lo is where it begins.
func (r *Rewriter) host(b []byte, lo, at int, n *needle) {
	after := at + len(n.text)
	if at-4 >= lo && hasFold(b, at-4, "www.") {
		at -= 4
	}
	second, ok := slash.before(b, lo, at)
	if !ok {
		if n.origin.bare {
			r.bare(b, lo, at, after, n.origin)
		}
		return
	}
	first, ok := slash.before(b, lo, second)
	if !ok {
		return
	}
	end, ok := r.authorityEnd(b, after, n.origin)
	if !ok {
		return
	}
	r.scheme(b, lo, first)
	authority := r.plan.authority
	if b[at-1] != '/' && bytes.IndexByte(b[second:at], '%') >= 0 {
		authority = r.plan.encoded
	}
	r.replace(b, at, end, authority)
}

// scheme rewrites http or https before the slashes of an address; other schemes (wss, ftp) stay.
func (r *Rewriter) scheme(b []byte, lo, slashes int) {
	end, ok := colon.before(b, lo, slashes)
	if !ok {
		return
	}
	for _, name := range []string{"https", "http"} {
		start := end - len(name)
		if start >= lo && hasFold(b, start, name) {
			if name != string(r.textOf(r.plan.scheme)) {
				r.replace(b, start, end, r.plan.scheme)
			}
			return
		}
	}
}

// authorityEnd returns the offset after the host that ends at an offset and its port, if both are the site's.
func (r *Rewriter) authorityEnd(b []byte, at int, o *origin) (end int, ok bool) {
	if port, after := portAt(b, at); len(port) > 0 {
		if !o.accepts(port) {
			r.note(otherPort)
			return 0, false
		}
		at = after
	}
	return at, !nameGoesOn(b, at)
}

// portAt reads :8080 or %3A8080 and returns the digits and the offset behind them.
func portAt(b []byte, at int) (port []byte, end int) {
	switch {
	case hasAt(b, at, ":"):
		at++
	case hasFold(b, at, "%3a"):
		at += 3
	default:
		return nil, at
	}
	_, end, ok := number(b, at)
	if !ok {
		return nil, at
	}
	return b[at:end], end
}

// nameGoesOn says whether what follows makes a host part of another name: shop.example.com.evil.org,
// shop.example.community, shop.example.com@evil.org. A full stop at the end of a sentence does not.
func nameGoesOn(b []byte, at int) bool {
	if at >= len(b) {
		return false
	}
	c := b[at]
	if c == '%' && at+2 < len(b) && fromHex(b[at+1]) >= 0 && fromHex(b[at+2]) >= 0 {
		c = byte(fromHex(b[at+1])<<4 | fromHex(b[at+2]))
		return c == '.' || isNameByte(c) && !isAlnum(c)
	}
	if c == '.' {
		return at+1 < len(b) && (isAlnum(b[at+1]) || b[at+1] == '-' || b[at+1] >= 0x80)
	}
	return isNameByte(c)
}

func isNameByte(c byte) bool { return isAlnum(c) || c == '-' || c == '_' || c == '@' }

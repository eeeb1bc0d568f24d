package rewrite

import "bytes"

// mark is a character that separates the parts of a URL, with the spellings in which it is met: itself or percent-encoded
// any number of times, after any number of backslashes (JSON, wp_slash); as \u or \x escape; as HTML entity.
type mark struct {
	char     byte
	hex      string
	entities [4]string
}

var (
	slash = mark{'/', "2f", [4]string{"&#x2f;", "&#47;", "&#047;", "&sol;"}}
	colon = mark{':', "3a", [4]string{"&#x3a;", "&#58;", "&#058;", "&colon;"}}
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

// hexBefore is before for %2F, %252F ..., \u002F and \x2F.
func (m *mark) hexBefore(b []byte, lo, end int) (start int, ok bool) {
	at := end - 2
	if at < lo || !hasFold(b, at, m.hex) {
		return 0, false
	}
	for _, escape := range []string{"u00", "x"} {
		if from := at - len(escape); from > lo && hasFold(b, from, escape) && b[from-1] == '\\' {
			return skipBackslashes(b, lo, from-1), true
		}
	}
	if at, ok = percentBefore(b, lo, at); ok {
		return skipBackslashes(b, lo, at), true
	}
	return 0, false
}

// encoded returns the offset behind m at an offset, as it is or percent-encoded.
func (m *mark) encoded(b []byte, at int) (end int, ok bool) {
	if at < len(b) && b[at] == m.char {
		return at + 1, true
	}
	if at == len(b) || b[at] != '%' {
		return 0, false
	}
	for at++; hasAt(b, at, "25"); {
		at += 2
	}
	return at + 2, hasFold(b, at, m.hex)
}

// after returns the offset behind m at an offset, in any spelling.
func (m *mark) after(b []byte, at int) (end int, ok bool) {
	if end, ok = m.encoded(b, at); ok {
		return end, true
	}
	if escape := skipForward(b, at); escape > at {
		for _, hex := range []string{"u00" + m.hex, "x" + m.hex} {
			if hasFold(b, escape, hex) {
				return escape + len(hex), true
			}
		}
	}
	for _, entity := range m.entities {
		if hasFold(b, at, entity) {
			return at + len(entity), true
		}
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

// host rewrites the host at an offset, if it is that of an address (two slashes before it, or before the user and password)
// or stands alone, and neither a longer name nor another port follows.
func (r *Rewriter) host(p piece, at int, n *needle) {
	after := at + len(n.text)
	if at-4 >= p.lo && hasFold(p.b, at-4, "www.") {
		at -= 4
	}
	second, ok := slash.before(p.b, p.lo, at)
	if !ok {
		if slashes, ok := userInfo(p.b, p.lo, at); ok {
			r.withUser(p, slashes, at, after, n.origin)
		} else if n.origin.bare {
			r.bare(p, at, after, n.origin)
		}
		return
	}
	first, ok := slash.before(p.b, p.lo, second)
	if !ok {
		return
	}
	if end, ok := r.authorityEnd(p.b, after, n.origin); ok {
		r.scheme(p, first)
		r.replace(p.b, at, end, r.authority(percents(p.b[second:at])))
	}
}

// percents returns the % or %25... of a percent-encoded character, nil if the text does not end in one.
func percents(b []byte) []byte {
	digits := len(b) - 2
	if digits < 1 || fromHex(b[digits]) < 0 || fromHex(b[digits+1]) < 0 {
		return nil
	}
	if start, ok := percentBefore(b, 0, digits); ok {
		return b[start:digits]
	}
	return nil
}

// authority returns the target's host and port, with colons encoded as often as the character before it.
func (r *Rewriter) authority(percents []byte) span {
	plain := r.textOf(r.plan.authority)
	if len(percents) == 0 || bytes.IndexByte(plain, ':') < 0 {
		return r.plan.authority
	}
	start := len(r.texts.items)
	for _, c := range plain {
		if c != ':' {
			r.texts.append(c)
			continue
		}
		r.texts.append(percents...)
		r.texts.append('3', 'A')
	}
	return span{start, len(r.texts.items)}
}

// scheme rewrites http or https before the slashes of an address; other schemes (wss, ftp) stay.
func (r *Rewriter) scheme(p piece, slashes int) {
	if name, end := httpBefore(p.b, p.lo, slashes); name != "" && name != string(r.textOf(r.plan.scheme)) {
		r.replace(p.b, end-len(name), end, r.plan.scheme)
	}
}

// httpBefore returns the http or https that ends, with a colon behind it, at an offset; nothing if there is none.
func httpBefore(b []byte, lo, at int) (name string, end int) {
	end, ok := colon.before(b, lo, at)
	if !ok {
		return "", 0
	}
	for _, name := range []string{"https", "http"} {
		if start := end - len(name); start >= lo && hasFold(b, start, name) {
			return name, end
		}
	}
	return "", 0
}

// authorityEnd returns the offset after the host that ends at an offset and its port, if both are the site's.
func (r *Rewriter) authorityEnd(b []byte, at int, o *origin) (end int, ok bool) {
	port, after := portAt(b, at)
	if len(port) == 0 && hasAt(b, at, ".") {
		if port, _ = portAt(b, at+1); len(port) > 0 {
			r.note(otherPort) // of the same host, but nobody writes so
			return 0, false
		}
	}
	if len(port) > 0 {
		if !o.accepts(port) {
			r.note(otherPort)
			return 0, false
		}
		at = after
	}
	return at, !nameGoesOn(b, at)
}

// portAt reads a colon in any spelling and digits; it returns the digits and the offset behind them.
func portAt(b []byte, at int) (port []byte, end int) {
	start, ok := colon.after(b, at)
	if !ok {
		return nil, at
	}
	_, end, ok = number(b, start)
	if !ok {
		return nil, at
	}
	return b[start:end], end
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

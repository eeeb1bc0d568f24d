package rewrite

// maxUserInfo is how long a user and a password before a host may be.
const maxUserInfo = 255

// userInfo returns where the two slashes begin that stand before a user, maybe with a password, and the @ which ends at an
// offset.
func userInfo(b []byte, lo, at int) (slashes int, ok bool) {
	end, ok := atSignBefore(b, lo, at)
	if !ok {
		return 0, false
	}
	for at = end; at >= lo && end-at <= maxUserInfo; at-- {
		if second, ok := slash.before(b, lo, at); ok {
			first, ok := slash.before(b, lo, second)
			return first, ok && at < end
		}
		if at == lo || !isUserByte(b[at-1]) {
			break
		}
	}
	return 0, false
}

// atSignBefore returns where the @, %40, %2540 ... begins that ends at an offset.
func atSignBefore(b []byte, lo, at int) (start int, ok bool) {
	if at > lo && b[at-1] == '@' {
		return at - 1, true
	}
	if at-2 <= lo || !hasAt(b, at-2, "40") {
		return 0, false
	}
	return percentBefore(b, lo, at-2)
}

// isUserByte covers what is met in user infos, without what separates addresses in a list.
func isUserByte(c byte) bool {
	switch c {
	case '.', '-', '_', '~', '%', '+', ':', '!', '$', '*':
		return true
	}
	return isAlnum(c)
}

// withUser rewrites a host behind a user. Without http it is as likely a mail address or another service's.
func (r *Rewriter) withUser(p piece, slashes, host, after int, o *origin) {
	end, ok := r.authorityEnd(p.b, after, o)
	if !ok {
		return
	}
	if name, _ := httpBefore(p.b, p.lo, slashes); name == "" {
		r.note(unclearHost)
		return
	}
	r.scheme(p, slashes)
	r.replace(p.b, host, end, r.authority(percents(p.b[p.lo:host])))
}

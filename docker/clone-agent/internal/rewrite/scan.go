package rewrite

import "bytes"

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAlnum(c byte) bool { c = lower[c]; return isDigit(c) || ('a' <= c && c <= 'z') }

// hasAt says whether b continues with text at an offset.
func hasAt(b []byte, at int, text string) bool {
	return at >= 0 && at+len(text) <= len(b) && string(b[at:at+len(text)]) == text
}

// number reads a decimal number of up to ten digits and returns the offset behind it.
func number(b []byte, at int) (n, end int, ok bool) {
	end = at
	for end < len(b) && isDigit(b[end]) && end-at < 10 {
		n = n*10 + int(b[end]-'0')
		end++
	}
	return n, end, end > at
}

// header reads the `x:N:"` of a string and returns N and the offset of the content.
func header(b []byte, at int) (n, lo int, ok bool) {
	if !hasAt(b, at+1, ":") {
		return 0, 0, false
	}
	n, p, ok := number(b, at+2)
	return n, p + 2, ok && hasAt(b, p, `:"`)
}

// className reads the `O:N:"Class":` of an object and returns the offset behind it.
func className(b []byte, at int) (end int, ok bool) {
	n, lo, ok := header(b, at)
	if !ok || n > len(b)-lo || !hasAt(b, lo+n, `":`) {
		return 0, false
	}
	return lo + n + 2, true
}

// scalar reads null, a boolean, an integer, a float or a reference: it is copied byte for byte.
func scalar(b []byte, at int) (end int, ok bool) {
	kind := b[at]
	if kind == 'N' {
		return at + 2, b[at+1] == ';'
	}
	if b[at+1] != ':' {
		return 0, false
	}
	end = at + 2
	switch kind {
	case 'b':
		end, ok = end+1, end < len(b) && (b[end] == '0' || b[end] == '1')
	case 'i':
		end, ok = integer(b, end)
	case 'd':
		end, ok = float(b, end)
	default:
		end, ok = digits(b, end)
	}
	return end + 1, ok && hasAt(b, end, ";")
}

// digits reads at least one digit.
func digits(b []byte, at int) (end int, ok bool) {
	end = at
	for end < len(b) && isDigit(b[end]) {
		end++
	}
	return end, end > at
}

// integer reads digits with a sign or without.
func integer(b []byte, at int) (end int, ok bool) {
	if at < len(b) && (b[at] == '+' || b[at] == '-') {
		at++
	}
	return digits(b, at)
}

// float reads a float as PHP writes it: NAN, INF, or a decimal number with digits before or after the point.
func float(b []byte, at int) (end int, ok bool) {
	for _, word := range []string{"NAN", "INF", "-INF"} {
		if hasAt(b, at, word) {
			return at + len(word), true
		}
	}
	end, whole := integer(b, at)
	if hasAt(b, end, ".") {
		part := false
		if end, part = digits(b, end+1); part {
			whole = true
		}
	}
	if whole && end < len(b) && (b[end] == 'e' || b[end] == 'E') {
		return integer(b, end+1)
	}
	return end, whole
}

// unescape reads one escape, which begins with a backslash at b[at]: the n bytes it stands for and the width of its
// spelling. A width of zero means that it is not valid.
type unescape func(b []byte, at int) (plain [4]byte, n, width int)

// escaping is a way to write a string within another one.
type escaping struct {
	read      unescape
	backslash string // how a backslash is written
}

var (
	jsonEscapes = &escaping{jsonUnescape, `\\`}
	hexEscapes  = &escaping{hexUnescape, `\5c`}
	// slashEscapes are those of PHP's addslashes, undone by stripslashes.
	slashEscapes = &escaping{slashUnescape, `\\`}
)

// decodeAll appends b without its escapes to dst.
func decodeAll(dst, b []byte, escapes *escaping) ([]byte, bool) {
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], '\\')
		if i < 0 {
			return append(dst, b[at:]...), true
		}
		dst = append(dst, b[at:at+i]...)
		plain, n, width := escapes.read(b, at+i)
		if width == 0 {
			return dst, false
		}
		dst = append(dst, plain[:n]...)
		at += i + width
	}
}

// skipPlain returns the offset after n bytes of the text behind the escapes.
func skipPlain(b []byte, at, n int, escapes *escaping) (end int, ok bool) {
	for n > 0 {
		if at >= len(b) {
			return 0, false
		}
		if b[at] != '\\' {
			at, n = at+1, n-1
			continue
		}
		_, size, width := escapes.read(b, at)
		if width == 0 {
			return 0, false
		}
		at, n = at+width, n-size
	}
	return at, n == 0
}

// carry turns the edits from first on, which are of the text behind the escapes, into edits of b, where that text begins
// at lo.
func (r *Rewriter) carry(first int, b []byte, lo int, escapes *escaping) {
	at, done := lo, 0
	for i := first; i < len(r.edits.items); i++ {
		e := &r.edits.items[i]
		from, _ := skipPlain(b, at, e.at-done, escapes)
		to, _ := skipPlain(b, from, e.n, escapes)
		at, done = to, e.at+e.n
		e.text = r.spelledLike(b[from:to], e.text, escapes)
		e.at, e.n = from, to-from
	}
}

// spelledLike escapes a text (a host, digits, a block, or a path in some spelling) for the place of old, with slashes
// escaped if those of old are.
func (r *Rewriter) spelledLike(old []byte, text span, escapes *escaping) span {
	if bytes.IndexByte(r.textOf(text), '/') < 0 {
		return text
	}
	slash := "/"
	if slashEscaped(old, escapes) {
		slash = `\/`
	}
	return r.withSlashes(text, slash, escapes.backslash)
}

// slashEscaped says whether the first slash of an escaped text is written with a backslash.
func slashEscaped(b []byte, escapes *escaping) bool {
	for at := 0; at < len(b) && b[at] != '/'; {
		if b[at] != '\\' {
			at++
			continue
		}
		plain, _, width := escapes.read(b, at)
		if plain[0] == '/' || width == 0 {
			return width == 2
		}
		at += width
	}
	return false
}

func slashUnescape(b []byte, at int) (plain [4]byte, n, width int) {
	if at+1 >= len(b) {
		return plain, 0, 0
	}
	if plain[0] = b[at+1]; plain[0] == '0' {
		plain[0] = 0
	}
	return plain, 1, 2
}

// hexUnescape reads the \xx of PHP's S: strings.
func hexUnescape(b []byte, at int) (plain [4]byte, n, width int) {
	if at+2 >= len(b) {
		return plain, 0, 0
	}
	high, low := fromHex(b[at+1]), fromHex(b[at+2])
	if high < 0 || low < 0 {
		return plain, 0, 0
	}
	plain[0] = byte(high<<4 | low)
	return plain, 1, 3
}

// fromHex returns the value of a hexadecimal digit, or -1.
func fromHex(c byte) int {
	switch c = lower[c]; {
	case isDigit(c):
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

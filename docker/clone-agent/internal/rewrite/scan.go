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

// carry turns edits of the text behind the escapes into edits of b, where that text begins at lo.
func carry(edits []edit, b []byte, lo int, escapes *escaping) {
	at, done := lo, 0
	for i := range edits {
		e := &edits[i]
		from, _ := skipPlain(b, at, e.at-done, escapes)
		to, _ := skipPlain(b, from, e.n, escapes)
		at, done = to, e.at+e.n
		e.text = spelledLike(b[from:to], e.text, escapes)
		e.at, e.n = from, to-from
	}
}

// spelledLike escapes a text (a host, digits, or a path in some spelling) for the place of old, with slashes escaped if
// those of old are.
func spelledLike(old, text []byte, escapes *escaping) []byte {
	if bytes.IndexByte(text, '/') < 0 {
		return text
	}
	text = bytes.ReplaceAll(text, []byte(`\`), []byte(escapes.backslash))
	if slashEscaped(old, escapes) {
		text = bytes.ReplaceAll(text, []byte("/"), []byte(`\/`))
	}
	return text
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

package rewrite

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// looksJSON says whether b begins like a JSON array, object or string.
func looksJSON(b []byte) bool {
	b = bytes.TrimLeft(b, " \t\r\n")
	if len(b) < 2 {
		return false
	}
	next := bytes.TrimLeft(b[1:], " \t\r\n")
	if len(next) == 0 {
		return false
	}
	switch b[0] {
	case '{':
		return next[0] == '"' || next[0] == '}'
	case '[':
		return bytes.IndexByte([]byte(`"{[]-0123456789tfn`), next[0]) >= 0
	}
	return b[0] == '"'
}

// json rewrites [lo, hi) as JSON. False, with nothing changed, if it is none.
//
// Most of it is text: addresses are found in any escaping. Only a string that packs a value of its own (serialized, or
// JSON that may hold such) must be opened; without an escaped quote there is none.
func (r *Rewriter) json(l *layer, lo, hi, depth int) bool {
	outside := l.inJSON
	l.inJSON = true
	ok := r.inJSON(l, lo, hi, depth)
	l.inJSON = outside
	return ok
}

func (r *Rewriter) inJSON(l *layer, lo, hi, depth int) bool {
	part := l.b[lo:hi]
	if !bytes.Contains(part, []byte(`\"`)) && !bytes.Contains(part, []byte(`\u0022`)) {
		r.text(l, lo, hi, depth)
		return true
	}
	before := r.save(l)
	for at := lo; at < hi; at++ {
		if l.b[at] != '"' {
			if !isJSONByte(l.b[at]) {
				r.restore(l, before)
				return false
			}
			continue
		}
		end := stringEnd(l.b[:hi], at+1)
		if end < 0 {
			r.restore(l, before)
			return false
		}
		r.jsonString(l, at+1, end, depth)
		at = end
	}
	r.keep(before)
	return true
}

// isJSONByte covers what stands outside of strings: structure, white space, numbers, true, false and null.
func isJSONByte(c byte) bool {
	return isDigit(c) || bytes.IndexByte([]byte("{}[]:, \t\r\n+-.eEtrufalsn"), c) >= 0
}

// stringEnd returns the offset of the quote that ends the string whose content begins at an offset, or -1.
func stringEnd(b []byte, at int) int {
	for at < len(b) {
		i := bytes.IndexByte(b[at:], '"')
		if i < 0 {
			return -1
		}
		j := bytes.IndexByte(b[at:at+i], '\\')
		if j < 0 {
			return at + i
		}
		at += j + 2
	}
	return -1
}

// jsonString rewrites the content of one string.
func (r *Rewriter) jsonString(l *layer, lo, hi, depth int) {
	if !l.has(lo, hi) {
		return
	}
	if packsValue(l.b[lo:hi]) {
		if _, ok := r.decoded(l, lo, hi, depth, jsonEscapes); ok {
			return
		}
	}
	r.text(l, lo, hi, depth)
}

// packsValue says whether the escaped content of a JSON string begins like a value of its own.
func packsValue(b []byte) bool {
	b = trimLeft(b)
	if len(b) == 0 {
		return false
	}
	return b[0] == '{' || b[0] == '[' || b[0] == '\\' || looksSerialized(b)
}

// jsonUnescape reads one escape of RFC 8259, section 7; a lone surrogate is not valid.
func jsonUnescape(b []byte, at int) (plain [4]byte, n, width int) {
	if at+1 >= len(b) {
		return plain, 0, 0
	}
	if b[at+1] == 'u' {
		return unicodeUnescape(b, at)
	}
	i := bytes.IndexByte([]byte(`"\/bfnrt`), b[at+1])
	if i < 0 {
		return plain, 0, 0
	}
	plain[0] = "\"\\/\b\f\n\r\t"[i]
	return plain, 1, 2
}

func unicodeUnescape(b []byte, at int) (plain [4]byte, n, width int) {
	char, ok := utf16Unit(b, at)
	if !ok {
		return plain, 0, 0
	}
	width = 6
	if utf16.IsSurrogate(char) {
		second, ok := utf16Unit(b, at+6)
		if char = utf16.DecodeRune(char, second); !ok || char == utf8.RuneError {
			return plain, 0, 0
		}
		width = 12
	}
	return plain, utf8.EncodeRune(plain[:], char), width
}

// utf16Unit reads \uXXXX.
func utf16Unit(b []byte, at int) (char rune, ok bool) {
	if !hasAt(b, at, `\u`) || at+6 > len(b) {
		return 0, false
	}
	for _, c := range b[at+2 : at+6] {
		digit := fromHex(c)
		if digit < 0 {
			return 0, false
		}
		char = char<<4 | rune(digit)
	}
	return char, true
}

package rewrite

import (
	"bytes"
	"math"
	"unicode/utf16"
	"unicode/utf8"
)

// maxEscapings is how many ways of escaping are told apart around a serialized value in text.
const maxEscapings = 6

// reading says how a piece of text is escaped: the characters that begin an escape, from the outermost way inwards. They
// are \ (JSON, addslashes), % (of URLs), & (entities of HTML) and " (doubled, in CSV).
type reading struct {
	marks [maxEscapings]byte
	depth int
}

// inwards adds a way of escaping inside of the others; false if there are too many.
func (how reading) inwards(mark byte) (deeper reading, ok bool) {
	if how.depth == maxEscapings {
		return how, false
	}
	how.marks[how.depth] = mark
	how.depth++
	return how, true
}

// within adds a way of escaping around the others, for which there must be room.
func (how reading) within(mark byte) reading {
	copy(how.marks[1:], how.marks[:how.depth])
	how.marks[0] = mark
	how.depth++
	return how
}

func (how reading) has(mark byte) bool { return bytes.IndexByte(how.marks[:how.depth], mark) >= 0 }

// escaped is a text that is read without its escapes, as far as work reaches.
type escaped struct {
	b    []byte
	how  reading
	work *int // units that may still be read: ways of escaping within one another look ahead
}

// unit is what one character or one escape stands for.
type unit struct {
	char byte // what it is, or 0 if it is more than one byte
	size int  // in bytes; 0 if there is none, or its escape is not valid
	end  int  // the offset behind its spelling
}

var isMark = [256]bool{'\\': true, '%': true, '&': true, '"': true}

// at reads the unit at an offset.
func (e *escaped) at(offset int) unit { return e.level(offset, e.how.depth) }

// level reads a unit of what the outermost ways of escaping leave.
func (e *escaped) level(at, depth int) unit {
	if *e.work--; at >= len(e.b) || *e.work < 0 {
		return unit{}
	}
	if depth == 0 || !isMark[e.b[at]] {
		return unit{e.b[at], 1, at + 1}
	}
	first := e.level(at, depth-1)
	if first.size != 1 || first.char != e.how.marks[depth-1] {
		return first
	}
	switch first.char {
	case '\\':
		return e.backslashed(first.end, depth-1)
	case '%':
		if char, end, ok := e.hex(first.end, 2, depth-1); ok {
			return unit{byte(char), 1, end}
		}
	case '&':
		if char, end, ok := e.entity(first.end, depth-1); ok {
			return character(char, end)
		}
	case '"':
		if second := e.level(first.end, depth-1); second.char == '"' {
			return second
		}
	}
	return first
}

func character(char rune, end int) unit {
	switch size := utf8.RuneLen(char); size {
	case 1:
		return unit{byte(char), 1, end}
	case -1:
		return unit{}
	default:
		return unit{0, size, end}
	}
}

// backslashed reads what follows a backslash: \uXXXX or any character, which stands for one byte in JSON and for itself
// in what addslashes made.
func (e *escaped) backslashed(at, depth int) unit {
	second := e.level(at, depth)
	if second.char != 'u' {
		return second
	}
	char, end, ok := e.hex(second.end, 4, depth)
	if !ok {
		return second
	}
	if !utf16.IsSurrogate(char) {
		return character(char, end)
	}
	for _, next := range []byte(`\u`) {
		one := e.level(end, depth)
		if one.char != next {
			return unit{}
		}
		end = one.end
	}
	low, end, ok := e.hex(end, 4, depth)
	if char = utf16.DecodeRune(char, low); !ok || char == utf8.RuneError {
		return unit{}
	}
	return character(char, end)
}

// hex reads n hexadecimal digits.
func (e *escaped) hex(at, n, depth int) (value rune, end int, ok bool) {
	for range n {
		one := e.level(at, depth)
		digit := fromHex(one.char)
		if one.size != 1 || digit < 0 {
			return 0, 0, false
		}
		value, at = value<<4|rune(digit), one.end
	}
	return value, at, true
}

// longestEntity is that of a number of seven digits, without & and with the semicolon.
const longestEntity = 9

// entity reads what follows an ampersand. Others than these are left as they are by htmlspecialchars, and count so.
func (e *escaped) entity(at, depth int) (char rune, end int, ok bool) {
	var name [longestEntity]byte
	for n := range name {
		one := e.level(at, depth)
		if one.size == 0 {
			return 0, 0, false
		}
		if at = one.end; one.char == ';' {
			char, ok = entityNamed(string(name[:n]))
			return char, at, ok
		}
		name[n] = one.char
	}
	return 0, 0, false
}

func entityNamed(name string) (char rune, ok bool) {
	switch name {
	case "quot":
		return '"', true
	case "amp":
		return '&', true
	case "apos":
		return '\'', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	digits, base := name[1:], rune(10)
	if lower[digits[0]] == 'x' {
		digits, base = digits[1:], 16
	}
	for i := range len(digits) {
		digit := rune(fromHex(digits[i]))
		if digit < 0 || digit >= base {
			return 0, false
		}
		char = char*base + digit
	}
	return char, digits != "" && char > 0 && utf8.ValidRune(char)
}

// skip returns the offset behind units that stand for n bytes.
func (e *escaped) skip(at, n int) (end int, ok bool) {
	if n > len(e.b)-at { // no spelling is shorter than what it stands for
		return 0, false
	}
	if e.how.depth == 0 {
		return at + n, true
	}
	for n > 0 {
		one := e.at(at)
		if one.size == 0 {
			return 0, false
		}
		at, n = one.end, n-one.size
	}
	return at, n == 0
}

// size returns how many bytes a text stands for. A backslash at its end belongs to what follows, and stands for none.
func (how reading) size(b []byte) (n int) {
	work := math.MaxInt
	e := escaped{b, how, &work}
	for at := 0; at < len(b); {
		one := e.at(at)
		if one.size == 0 {
			one.end = at + 1
		}
		at, n = one.end, n+one.size
	}
	return n
}

// quote finds out how the quote at an offset is escaped, and how what it quotes is read therefore.
func (e *escaped) quote(at int) bool {
	for e.how = (reading{}); ; {
		char, ok := e.at(at).char, false
		if char == '"' {
			return true
		}
		if !isMark[char] {
			return false
		}
		if e.how, ok = e.how.inwards(char); !ok {
			return false
		}
	}
}

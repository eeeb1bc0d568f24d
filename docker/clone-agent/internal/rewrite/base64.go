package rewrite

import (
	"encoding/base64"
	"unicode/utf8"
)

const (
	// minBlock is how many characters make a block: 12 bytes, less than most addresses.
	minBlock = 16
	// maxBlocks is how many blocks may be packed into one another; each is decoded once more than the one around it.
	maxBlocks = 3
	// chunkBytes are encoded at once.
	chunkBytes = 768
)

// Characters of base64; a backslash may only stand before a slash, as JSON writes it.
const (
	inAlphabet = 1 << iota
	inRun
)

var base64Class = func() (t [256]uint8) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = inAlphabet | inRun
	}
	t['\\'] = inRun
	return t
}()

// block is a run of base64 with its padding.
type block struct {
	at, end int // with padding
	chars   int // without padding and backslashes
	stop    int // end of the characters
	slash   string
}

// nextRun returns the offset of the next minBlock bytes or more that can be base64, len(b) if there are none. It looks at
// every minBlock'th byte only, where there are none.
func nextRun(b []byte, from int) int {
	for probe := from + minBlock - 1; probe < len(b); {
		at := probe
		for at >= from && base64Class[b[at]] != 0 {
			at--
		}
		if at < from {
			return from
		}
		from = at + 1
		probe = at + minBlock
	}
	return len(b)
}

// blockAt reads the run of base64 that begins at an offset.
func blockAt(b []byte, at int) block {
	k := block{at: at, stop: at, slash: "/"}
	for k.stop < len(b) {
		next := skipForward(b, k.stop)
		if next == len(b) || base64Class[b[next]]&inAlphabet == 0 || (next > k.stop && b[next] != '/') {
			break
		}
		if b[next] == '/' && k.slash == "/" {
			k.slash = string(b[k.stop : next+1])
		}
		k.stop = next + 1
		k.chars++
	}
	k.end = k.stop
	for k.end < len(b) && b[k.end] == '=' && k.end < k.stop+2 {
		k.end++
	}
	return k
}

func skipForward(b []byte, at int) int {
	for at < len(b) && b[at] == '\\' {
		at++
	}
	return at
}

// nextBlock returns the offset of the next block that holds a hit, len(l.b) if there is none.
func (r *Rewriter) nextBlock(l *layer, from int) int {
	if l.blocks >= maxBlocks || r.plan.addressesOnly {
		return len(l.b)
	}
	for from > 0 && from < len(l.b) && base64Class[l.b[from-1]]&inAlphabet != 0 && base64Class[l.b[from]] != 0 {
		from++ // not from the middle of one
	}
	for {
		from = nextRun(l.b, from)
		for from < len(l.b) && base64Class[l.b[from]] != 0 {
			if n := escapeAt(l.b, from); n > 0 {
				from += n
				continue
			}
			k := blockAt(l.b, from)
			if k.chars >= minBlock {
				if in := r.opened(l, k); in.has(0, len(in.b)) {
					return from
				}
			}
			from = max(k.end, skipForward(l.b, k.stop))
		}
		if from >= len(l.b) {
			return len(l.b)
		}
	}
}

// escapeAt returns how many characters at an offset belong to an escape that begins before it, which no block does: the
// letters of \n, \r, \t and \u0022, the digits of %22 and %2522.
func escapeAt(b []byte, at int) int {
	switch {
	case at == 0:
		return 0
	case b[at-1] == '%':
		end := at
		for hasAt(b, end, "25") && isHex(b, end+2, 2) {
			end += 2
		}
		if isHex(b, end, 2) {
			return end + 2 - at
		}
	case b[at-1] != '\\':
		return 0
	case isBreak(b[at]):
		return 1
	case b[at] == 'u' && isHex(b, at+1, 4):
		return 5
	}
	return 0
}

// isHex says whether n hexadecimal digits are at an offset.
func isHex(b []byte, at, n int) bool {
	for i := range n {
		if at+i >= len(b) || fromHex(b[at+i]) < 0 {
			return false
		}
	}
	return true
}

// opened returns what a block says, as far as it can be decoded.
func (r *Rewriter) opened(l *layer, k block) *layer {
	text := l.b[k.at:k.stop]
	if len(text) != k.chars {
		r.bytes.cut(0)
		r.bytes.reserve(k.chars)
		for _, c := range text {
			if c != '\\' {
				r.bytes.items = append(r.bytes.items, c)
			}
		}
		text = r.bytes.items
	}
	if len(text)%4 == 1 {
		text = text[:len(text)-1]
	}
	in := r.layer(l.level + 1)
	in.plain.cut(0)
	in.plain.reserve(base64.RawStdEncoding.DecodedLen(len(text)))
	n, _ := base64.RawStdEncoding.Decode(in.plain.items[:cap(in.plain.items)], text) // of the alphabet only, so it can be decoded
	in.plain.items = in.plain.items[:n]
	in.blocks, in.slashed = l.blocks+1, l.slashed
	in.begin(in.plain.items)
	return in
}

// block rewrites what the block at an offset says, if the block can be written again as it was.
func (r *Rewriter) block(l *layer, p piece, at, depth int) {
	k := blockAt(p.b, at)
	in := r.opened(l, k)
	first, notes := len(r.edits.items), r.notes
	r.value(in, 0, len(in.b), depth+1)
	if len(r.edits.items) == first {
		return
	}
	if !k.exact(p.b) || !k.alone(p) || !utf8.Valid(in.b) {
		r.edits.cut(first)
		r.notes = notes | base64Block
		return
	}
	text := r.encoded(in.b, r.edits.items[first:], k.slash)
	if k.mayBeInQuery(p) && hasPlus(p.b[k.at:k.end]) != hasPlus(r.textOf(text)) {
		r.edits.cut(first)
		r.notes = notes | base64Block
		return
	}
	r.edits.items = append(r.edits.items[:first], edit{k.at, k.end - k.at, text})
}

// exact says whether the block is as PHP's base64_encode writes it.
func (k block) exact(b []byte) bool {
	pads := k.end - k.stop
	if (k.chars+pads)%4 != 0 {
		return false
	}
	// The last character has bits that belong to no byte; they must be zero.
	last := base64Value(b[k.stop-1])
	return last&(1<<(2*pads)-1) == 0
}

func base64Value(c byte) int {
	switch {
	case 'A' <= c && c <= 'Z':
		return int(c - 'A')
	case 'a' <= c && c <= 'z':
		return int(c-'a') + 26
	case isDigit(c):
		return int(c-'0') + 52
	case c == '+':
		return 62
	}
	return 63
}

// encoded returns plain with the edits made, in base64.
func (r *Rewriter) encoded(plain []byte, edits []edit, slash string) span {
	r.bytes.cut(0)
	r.bytes.reserve(len(plain) + sumDeltas(edits))
	r.bytes.items = r.apply(r.bytes.items, plain, edits)
	length := base64.StdEncoding.EncodedLen(len(r.bytes.items))
	r.texts.reserve(length)
	start := len(r.texts.items)
	var chunk [chunkBytes / 3 * 4]byte
	for rest := r.bytes.items; len(rest) > 0; {
		n := min(len(rest), chunkBytes)
		base64.StdEncoding.Encode(chunk[:], rest[:n])
		r.texts.append(chunk[:base64.StdEncoding.EncodedLen(n)]...)
		rest = rest[n:]
	}
	text := span{start, len(r.texts.items)}
	if slash == "/" {
		return text
	}
	return r.withSlashes(text, slash, "")
}

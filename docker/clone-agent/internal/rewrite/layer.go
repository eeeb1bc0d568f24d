package rewrite

import (
	"bytes"
	"unicode/utf8"
)

// layer is one level of packing: a cell, or what a string inside it says once its escapes are undone.
//
// What is to be looked at in it (hits) is searched for on the way, so that a cell of any size needs no list of them.
type layer struct {
	b       []byte
	r       *Rewriter
	level   int
	blocks  int        // of base64 that it is packed in
	inJSON  bool       // it is at a text in JSON, with its escapes
	slashed bool       // in or around it slashes were removed; once is enough, as each try may read all again
	next    []int      // by needle, the last for blocks of base64: where it is found next; len(b): nowhere
	first   int        // the nearest of them
	done    int        // end of the last edit
	plain   list[byte] // holds b, but for the cell itself
}

// layer returns the layer of a level, to be filled.
func (r *Rewriter) layer(level int) *layer {
	for len(r.layers) <= level {
		l := &layer{r: r, level: len(r.layers), next: make([]int, len(r.plan.needles)+1)}
		l.plain.dir = r.plan.spillDir
		r.layers = append(r.layers, l)
	}
	return r.layers[level]
}

func (l *layer) begin(b []byte) {
	l.b, l.done, l.inJSON = b, 0, false
	for i := range l.next {
		l.next[i] = -1
	}
	l.advance(0)
}

// advance finds anew what was found before from.
func (l *layer) advance(from int) {
	for i, at := range l.next {
		if at < from {
			l.next[i] = l.find(i, from)
		}
	}
	l.nearest()
}

func (l *layer) nearest() {
	l.first = 0
	for i, at := range l.next {
		if at < l.next[l.first] {
			l.first = i
		}
	}
}

func (l *layer) find(i, from int) int {
	if i == len(l.r.plan.needles) {
		return l.r.nextBlock(l, from)
	}
	return l.r.plan.needles[i].find(l.b, from)
}

// has says whether a hit begins in [lo, hi), dropping those before lo.
func (l *layer) has(lo, hi int) bool {
	if l.next[l.first] < lo {
		l.advance(lo)
	}
	return l.next[l.first] < hi
}

// skip drops the hits before an offset.
func (l *layer) skip(to int) { l.has(to, to) }

// take returns the offset of the nearest hit, and its needle: nil is a block of base64.
func (l *layer) take() (at int, n *needle) {
	at, from := l.next[l.first], l.next[l.first]+1
	if l.first < len(l.r.plan.needles) {
		n = &l.r.plan.needles[l.first]
	} else {
		from = blockAt(l.b, at).end
	}
	l.next[l.first] = l.find(l.first, from)
	l.nearest()
	return at, n
}

// state is what must be put back when a parse turns out to be wrong.
type state struct {
	first, done, edits, marks int
	notes                     reasons
}

func (r *Rewriter) save(l *layer) state {
	s := state{l.first, l.done, len(r.edits.items), len(r.marks), r.notes}
	r.marks = append(r.marks, l.next...)
	return s
}

// keep ends a parse that was right.
func (r *Rewriter) keep(s state) { r.marks = r.marks[:s.marks] }

func (r *Rewriter) restore(l *layer, s state) {
	copy(l.next, r.marks[s.marks:])
	l.first, l.done, r.notes = s.first, s.done, s.notes
	r.marks = r.marks[:s.marks]
	r.edits.items = r.edits.items[:s.edits]
}

// value rewrites [lo, hi), a whole string at some level: serialized, JSON, or text.
func (r *Rewriter) value(l *layer, lo, hi, depth int) {
	if !l.has(lo, hi) {
		return
	}
	part := l.b[lo:hi]
	if depth > maxDepth {
		r.note(tooDeep)
		r.text(l, lo, hi, depth)
		return
	}
	if looksSerialized(trimLeft(part)) {
		if r.anySerialized(l, lo, hi, depth) {
			return
		}
		r.note(malformed)
	}
	if looksJSON(part) && r.json(l, lo, hi, depth) {
		return
	}
	r.text(l, lo, hi, depth)
}

// text rewrites the addresses, paths and blocks of base64 in [lo, hi), which is nothing but text.
func (r *Rewriter) text(l *layer, lo, hi, depth int) {
	if !l.has(lo, hi) {
		return
	}
	f := r.framing(l, lo, hi)
	for l.has(lo, hi) {
		at, n := l.take()
		if at < l.done || n != nil && at+len(n.text) > hi {
			continue
		}
		p := f.enter(at)
		p.lo, p.inJSON = max(p.lo, l.done), l.inJSON
		first := len(r.edits.items)
		r.hit(l, p, at, n, depth)
		if len(r.edits.items) > first {
			last := r.edits.items[len(r.edits.items)-1]
			l.done = last.at + last.n
			f.edited()
		}
	}
	f.leave(hi)
}

// piece is what is looked at of a text: b ends where it ends, lo is where it begins.
type piece struct {
	b      []byte
	lo     int
	inJSON bool // as it stands, with its escapes
	inURL  bool // in a serialized string that is percent-encoded
}

// hit rewrites what the hit at an offset turns out to be.
func (r *Rewriter) hit(l *layer, p piece, at int, n *needle, depth int) {
	switch {
	case n == nil:
		r.block(l, p, at, depth)
	case n.path != nil:
		r.path(p, at, n)
	default:
		r.host(p, at, n)
	}
}

// unescaped returns the layer of what [lo, hi) says without its escapes; false means that they are not valid.
func (r *Rewriter) unescaped(l *layer, lo, hi int, escapes *escaping) (in *layer, ok bool) {
	in = r.layer(l.level + 1)
	in.plain.cut(0)
	in.plain.reserve(hi - lo)
	in.plain.items, ok = decodeAll(in.plain.items, l.b[lo:hi], escapes)
	in.blocks, in.slashed = l.blocks, l.slashed
	in.begin(in.plain.items)
	return in, ok
}

// decoded rewrites the value behind an escaped string in [lo, hi): undo the escapes, rewrite, and carry the edits back.
// It returns by how much the text behind the escapes grew; false means that the escapes are not valid.
func (r *Rewriter) decoded(l *layer, lo, hi, depth int, escapes *escaping) (delta int, ok bool) {
	in, ok := r.unescaped(l, lo, hi, escapes)
	if !ok {
		return 0, false
	}
	first := len(r.edits.items)
	r.value(in, 0, len(in.b), depth+1)
	delta = sumDeltas(r.edits.items[first:])
	r.carry(first, l.b, lo, escapes)
	l.skip(hi)
	return delta, true
}

func trimLeft(b []byte) []byte { return bytes.TrimLeft(b, " \t\n\r\v\x00") }

// isText says whether b is text in UTF-8 without control characters other than white space.
func isText(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return utf8.Valid(b)
}

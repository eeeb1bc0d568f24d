package rewrite

import (
	"bytes"
	"unicode/utf8"
)

// layer is one level of packing: a cell, or what a string inside it says once its escapes are undone.
type layer struct {
	b    []byte
	hits []hit // ascending, offsets into b
	next int   // hits before it are dealt with
	done int   // end of the last edit
}

// has says whether a hit begins in [lo, hi), dropping those before lo.
func (l *layer) has(lo, hi int) bool {
	for l.next < len(l.hits) && l.hits[l.next].at < lo {
		l.next++
	}
	return l.next < len(l.hits) && l.hits[l.next].at < hi
}

// state is what must be put back when a parse turns out to be wrong.
type state struct{ next, done, edits int }

func (r *Rewriter) save(l *layer) state { return state{l.next, l.done, len(r.edits)} }

func (r *Rewriter) restore(l *layer, s state) {
	l.next, l.done = s.next, s.done
	r.edits = r.edits[:s.edits]
}

// value rewrites [lo, hi), a whole string at some level: serialized, JSON, or text.
func (r *Rewriter) value(l *layer, lo, hi, depth int) {
	if !l.has(lo, hi) {
		return
	}
	part := l.b[lo:hi]
	if depth > maxDepth {
		r.note(ReasonTooDeep)
		r.text(l, lo, hi)
		return
	}
	if looksSerialized(trimLeft(part)) {
		if r.serialized(l, lo, hi, depth) {
			return
		}
		r.note(ReasonMalformed)
	}
	if looksJSON(part) && r.json(l, lo, hi, depth) {
		return
	}
	r.text(l, lo, hi)
}

// text rewrites the addresses and paths in [lo, hi), which is nothing but text.
func (r *Rewriter) text(l *layer, lo, hi int) {
	for l.has(lo, hi) {
		h := l.hits[l.next]
		l.next++
		if h.at < l.done {
			continue
		}
		first := len(r.edits)
		if h.needle.path != nil {
			r.path(l.b[:hi], max(lo, l.done), h)
		} else {
			r.url(l.b[:hi], max(lo, l.done), h)
		}
		if len(r.edits) > first {
			last := r.edits[len(r.edits)-1]
			l.done = last.at + last.n
		}
	}
}

// decoded rewrites the value behind an escaped string in [lo, hi): undo the escapes, rewrite, and carry the edits back.
// It returns by how much the text behind the escapes grew; false means that the escapes are not valid.
func (r *Rewriter) decoded(l *layer, lo, hi, depth int, escapes *escaping) (delta int, ok bool) {
	for len(r.scratch) <= depth {
		r.scratch = append(r.scratch, nil)
	}
	plain, ok := decodeAll(r.scratch[depth][:0], l.b[lo:hi], escapes)
	r.scratch[depth] = plain
	if !ok {
		return 0, false
	}
	inner := &layer{b: plain}
	inner.hits = r.plan.findAll(nil, plain)
	first := len(r.edits)
	r.value(inner, 0, len(plain), depth+1)
	delta = sumDeltas(r.edits[first:])
	carry(r.edits[first:], l.b, lo, escapes)
	for l.has(lo, hi) {
		l.next++
	}
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

package rewrite

import (
	"io"
	"strconv"
)

// span is a piece of Rewriter.texts.
type span struct{ lo, hi int }

// edit replaces n bytes at an offset. Edits are in ascending order and do not overlap.
//
// A rewriter makes edits and not text: what is not edited is copied, so it cannot change, and the edits of a value
// inside another one can be carried outwards through any escaping.
type edit struct {
	at, n int
	text  span
}

func (e edit) delta() int { return e.text.hi - e.text.lo - e.n }

func sumDeltas(edits []edit) (delta int) {
	for _, e := range edits {
		delta += e.delta()
	}
	return delta
}

func (r *Rewriter) textOf(s span) []byte { return r.texts.items[s.lo:s.hi] }

// apply appends src with the edits made to dst.
func (r *Rewriter) apply(dst, src []byte, edits []edit) []byte {
	done := 0
	for _, e := range edits {
		dst = append(dst, src[done:e.at]...)
		dst = append(dst, r.textOf(e.text)...)
		done = e.at + e.n
	}
	return append(dst, src[done:]...)
}

// write is apply for values too large for a buffer of their own.
func (r *Rewriter) write(w io.Writer, src []byte, edits []edit) error {
	done := 0
	for _, e := range edits {
		if _, err := w.Write(src[done:e.at]); err != nil {
			return err
		}
		if _, err := w.Write(r.textOf(e.text)); err != nil {
			return err
		}
		done = e.at + e.n
	}
	_, err := w.Write(src[done:])
	return err
}

// replace adds an edit, unless it would change nothing.
func (r *Rewriter) replace(b []byte, start, end int, text span) {
	if string(b[start:end]) != string(r.textOf(text)) {
		r.edits.append(edit{start, end - start, text})
	}
}

// decimal returns n as digits.
func (r *Rewriter) decimal(n int) span {
	start := len(r.texts.items)
	r.texts.reserve(20)
	r.texts.items = strconv.AppendInt(r.texts.items, int64(n), 10)
	return span{start, len(r.texts.items)}
}

// withSlashes returns the text with its slashes and backslashes written in another way.
func (r *Rewriter) withSlashes(text span, slash, backslash string) span {
	r.texts.reserve((text.hi - text.lo) * max(len(slash), len(backslash)))
	start := len(r.texts.items)
	for _, c := range r.textOf(text) {
		switch c {
		case '/':
			r.texts.items = append(r.texts.items, slash...)
		case '\\':
			r.texts.items = append(r.texts.items, backslash...)
		default:
			r.texts.items = append(r.texts.items, c)
		}
	}
	return span{start, len(r.texts.items)}
}

package rewrite

import (
	"io"
	"slices"
	"strconv"
)

// edit replaces n bytes at an offset. Edits are in ascending order and do not overlap.
//
// A rewriter makes edits and not text: what is not edited is copied, so it cannot change, and the edits of a value
// inside another one can be carried outwards through any escaping.
type edit struct {
	at, n int
	text  []byte
}

func (e edit) delta() int { return len(e.text) - e.n }

func sumDeltas(edits []edit) (delta int) {
	for _, e := range edits {
		delta += e.delta()
	}
	return delta
}

func sortHits(hits []hit) {
	slices.SortStableFunc(hits, func(a, b hit) int { return a.at - b.at })
}

// apply appends src with the edits made to dst.
func apply(dst, src []byte, edits []edit) []byte {
	done := 0
	for _, e := range edits {
		dst = append(dst, src[done:e.at]...)
		dst = append(dst, e.text...)
		done = e.at + e.n
	}
	return append(dst, src[done:]...)
}

// write is apply for values too large for a buffer of their own.
func write(w io.Writer, src []byte, edits []edit) error {
	done := 0
	for _, e := range edits {
		if _, err := w.Write(src[done:e.at]); err != nil {
			return err
		}
		if _, err := w.Write(e.text); err != nil {
			return err
		}
		done = e.at + e.n
	}
	_, err := w.Write(src[done:])
	return err
}

// decimal returns n as digits that live as long as the current cell.
func (r *Rewriter) decimal(n int) []byte {
	start := len(r.digits)
	r.digits = strconv.AppendInt(r.digits, int64(n), 10)
	return r.digits[start:len(r.digits):len(r.digits)]
}

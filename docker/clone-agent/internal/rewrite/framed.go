package rewrite

import "bytes"

const (
	// maxFrames is how many serialized strings may be packed into one another in text.
	maxFrames = 8
	// workPerByte bounds how often a text may be read to check the lengths in it: hostile ones would do it for each.
	workPerByte = 128
)

// frame is a serialized string in text, s:N:"...";, whose N is right.
type frame struct {
	slot     int // of the edit for N
	n, colon int // N, and where its digits end
	lo, stop int // the content
	how      reading
}

// framing finds the serialized strings around the hits of a text. An edit inside of one changes its length, and with a
// wrong length nothing of the whole value can be read any more.
type framing struct {
	r              *Rewriter
	b              []byte // ends where the text ends
	lo             int
	base           int // of this text's frames among r.framed
	work           int
	colon, percent seeker
	inJSON         bool
	doubt          bool // some length before does not fit
}

func (r *Rewriter) framing(l *layer, lo, hi int) framing {
	return framing{
		r: r, b: l.b[:hi], lo: lo, inJSON: l.inJSON, base: len(r.framed), work: workPerByte * (hi - lo),
		colon: seeker{char: ':', at: lo}, percent: seeker{char: '%', at: lo},
	}
}

// seeker finds one character after the other, up to limits that ascend.
type seeker struct {
	char  byte
	at    int // of the next one, or to where there is none
	found bool
}

func (s *seeker) seek(b []byte, limit int) int {
	if s.found || s.at >= limit {
		return s.at
	}
	i := bytes.IndexByte(b[s.at:limit], s.char)
	if s.found = i >= 0; !s.found {
		i = limit - s.at
	}
	s.at += i
	return s.at
}

// enter goes on to the hit at an offset and returns what is to be looked at: the content of the innermost string around
// it, or all of the text.
func (f *framing) enter(at int) piece {
	for {
		i, ok := f.candidate(at)
		if !ok {
			break
		}
		if h, ok := headerAt(f.b, f.lo, i); ok {
			f.leave(i)
			f.open(h)
		}
	}
	f.leave(at)
	return f.inside()
}

// candidate returns the next colon before limit, which may be percent-encoded.
func (f *framing) candidate(limit int) (at int, ok bool) {
	next := &f.colon
	if f.percent.seek(f.b, limit) < f.colon.seek(f.b, limit) {
		next = &f.percent
	}
	if next.at >= limit {
		return 0, false
	}
	next.at, next.found = next.at+1, false
	return next.at - 1, true
}

func (f *framing) inside() piece {
	if len(f.r.framed) == f.base {
		return piece{b: f.b, lo: f.lo}
	}
	top := &f.r.framed[len(f.r.framed)-1]
	return piece{b: f.b[:top.stop], lo: top.lo, inURL: top.how.has('%')}
}

// heading is what may be the beginning of a serialized string in text.
type heading struct {
	kind             byte
	n, digits, colon int
	quote            int
}

// headerAt reads the x:N: around the first colon of a heading.
func headerAt(b []byte, lo, colonAt int) (h heading, ok bool) {
	if colonAt == lo {
		return h, false
	}
	switch h.kind = b[colonAt-1]; h.kind {
	case 's', 'S', 'C':
	default:
		return h, false
	}
	if h.digits, ok = colon.encoded(b, colonAt); !ok {
		return h, false
	}
	if h.n, h.colon, ok = number(b, h.digits); !ok {
		return h, false
	}
	h.quote, ok = colon.encoded(b, h.colon)
	return h, ok
}

// open adds the frame of a heading, if its length fits.
func (f *framing) open(h heading) {
	in := escaped{b: f.inside().b, work: &f.work}
	if !in.quote(h.quote) {
		f.doubt = f.doubt || f.work < 0
		return
	}
	found, ok := f.fitting(h, in)
	if !ok || h.kind != 's' || len(f.r.framed)-f.base >= maxFrames {
		f.doubt = true
		return
	}
	found.slot = f.r.reserveCount(h.digits)
	f.r.framed = append(f.r.framed, found)
}

// fitting reads the string of a heading as its quote says. Two quotes may also be one that is doubled; this comes first, as
// the other reading may end in the doubled quotes of the content. Entities may be those of HTML in JSON.
func (f *framing) fitting(h heading, in escaped) (found frame, ok bool) {
	plain := in
	switch {
	case in.how.depth == 0 && hasAt(in.b, h.quote, `""`):
		in.how, _ = in.how.inwards('"')
		if found, ok = fits(h, in); ok {
			return found, true
		}
	case in.how.marks[0] == '&' && in.how.depth < maxEscapings:
		in.how = in.how.within('\\')
		found, ok = fits(h, in)
		if f.inJSON {
			return found, ok
		}
		other, fitsToo := fits(h, plain)
		if !fitsToo {
			return found, ok
		}
		f.doubt = f.doubt || ok && found.stop != other.stop
		return other, true
	}
	return fits(h, plain)
}

// fits says whether a string ends in a quote and a semicolon where its length says.
func fits(h heading, in escaped) (found frame, ok bool) {
	first := in.at(h.quote)
	stop, ok := in.skip(first.end, h.n)
	if !ok || first.char != '"' {
		return frame{}, false
	}
	last := in.at(stop)
	if last.char != '"' || in.at(last.end).char != ';' {
		return frame{}, false
	}
	return frame{n: h.n, colon: h.colon, lo: first.end, stop: stop, how: in.how}, true
}

// leave closes the frames that end at or before an offset, and counts anew.
func (f *framing) leave(at int) {
	for len(f.r.framed) > f.base {
		top := f.r.framed[len(f.r.framed)-1]
		if top.stop > at {
			return
		}
		f.r.framed = f.r.framed[:len(f.r.framed)-1]
		f.r.recount(top.slot, top.n, f.growth(top), top.colon)
	}
}

// growth returns by how much the edits in a frame change its length.
func (f *framing) growth(in frame) (n int) {
	for _, e := range f.r.edits.items[in.slot+1:] {
		n += in.how.size(f.r.textOf(e.text)) - in.how.size(f.b[e.at:e.at+e.n])
	}
	return n
}

// edited says that the text was changed: where a length before it is not understood, that may be what it counts.
func (f *framing) edited() {
	if f.doubt {
		f.r.note(inText)
	}
}

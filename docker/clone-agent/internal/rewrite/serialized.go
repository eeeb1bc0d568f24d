package rewrite

import "bytes"

// maxNesting bounds arrays and objects within one serialized value, as PHP's unserialize_max_depth does.
const maxNesting = 4096

// looksSerialized says whether b begins like a serialized value that can hold text: with a letter, a number, and a quote
// (maybe a slashed one) or a brace.
func looksSerialized(b []byte) bool {
	if len(b) < 4 || b[1] != ':' {
		return false
	}
	end, ok := digits(b, 2)
	if !ok || !hasAt(b, end, ":") {
		return false
	}
	switch b[0] {
	case 'a':
		return hasAt(b, end+1, "{")
	case 'O', 'C', 'E', 's', 'S':
		return hasAt(b, end+1, `"`) || hasAt(b, end+1, `\"`)
	}
	return false
}

// anySerialized rewrites [lo, hi) as a serialized value, as it is or with slashes added to it (addslashes, wp_slash).
// False, with nothing changed, if it is neither.
func (r *Rewriter) anySerialized(l *layer, lo, hi, depth int) bool {
	if r.serialized(l, lo, hi, depth) {
		return true
	}
	if l.slashed || !bytes.Contains(l.b[lo:hi], []byte(`:\"`)) {
		return false
	}
	in, ok := r.unescaped(l, lo, hi, slashEscapes)
	if in.slashed = true; !ok || !in.has(0, len(in.b)) {
		return false
	}
	first := len(r.edits.items)
	if !r.serialized(in, 0, len(in.b), depth+1) {
		return false
	}
	r.carry(first, l.b, lo, slashEscapes)
	l.skip(hi)
	return true
}

// serialized rewrites [lo, hi) as a serialized value and what follows it. False, with nothing changed, if it is none.
// The format is that of php_var_unserialize (php-src, ext/standard/var_unserializer.re).
func (r *Rewriter) serialized(l *layer, lo, hi, depth int) bool {
	before := r.save(l)
	at := hi - len(trimLeft(l.b[lo:hi]))
	end, ok := r.item(l, at, hi, depth, 0)
	if !ok {
		r.restore(l, before)
		return false
	}
	r.keep(before)
	r.trailing(l, end, hi, depth)
	return true
}

// trailing rewrites what stands after a valid value: more values, then text.
func (r *Rewriter) trailing(l *layer, at, hi, depth int) {
	for l.has(at, hi) && looksSerialized(l.b[at:hi]) {
		before := r.save(l)
		end, ok := r.item(l, at, hi, depth, 0)
		if !ok {
			r.restore(l, before)
			break
		}
		r.keep(before)
		at = end
	}
	r.text(l, at, hi, depth)
}

// item reads one value at an offset and returns the offset behind it.
func (r *Rewriter) item(l *layer, at, hi, depth, nesting int) (end int, ok bool) {
	if at+1 >= hi {
		return 0, false
	}
	b := l.b[:hi]
	switch b[at] {
	case 'N', 'b', 'i', 'd', 'r', 'R':
		return scalar(b, at)
	case 's':
		return r.plainString(l, at, hi, depth)
	case 'S':
		return r.escapedString(l, at, hi, depth)
	case 'E':
		return enum(b, at)
	case 'a':
		return r.array(l, at, hi, depth, nesting)
	case 'O':
		return r.object(l, at, hi, depth, nesting)
	case 'C':
		return r.custom(l, at, hi)
	}
	return 0, false
}

// plainString reads s:N:"...";, rewrites its content as a value of its own and recounts N.
func (r *Rewriter) plainString(l *layer, at, hi, depth int) (end int, ok bool) {
	n, lo, ok := header(l.b[:hi], at)
	if !ok || n > hi-lo || !hasAt(l.b[:hi], lo+n, `";`) {
		return 0, false
	}
	if l.has(lo, lo+n) {
		slot := r.reserveCount(at + 2)
		r.value(l, lo, lo+n, depth+1)
		r.recount(slot, n, sumDeltas(r.edits.items[slot+1:]), lo-2)
	}
	return lo + n + 2, true
}

// escapedString reads S:N:"...";, in which \xx stands for a byte.
func (r *Rewriter) escapedString(l *layer, at, hi, depth int) (end int, ok bool) {
	n, lo, ok := header(l.b[:hi], at)
	if !ok {
		return 0, false
	}
	stop, ok := skipPlain(l.b[:hi], lo, n, hexEscapes)
	if !ok || !hasAt(l.b[:hi], stop, `";`) {
		return 0, false
	}
	if l.has(lo, stop) {
		slot := r.reserveCount(at + 2)
		delta, _ := r.decoded(l, lo, stop, depth, hexEscapes)
		r.recount(slot, n, delta, lo-2)
	}
	return stop + 2, true
}

// reserveCount adds an edit for the length whose digits begin at an offset: it is known only after those of the content.
func (r *Rewriter) reserveCount(digits int) (slot int) {
	slot = len(r.edits.items)
	r.edits.append(edit{at: digits})
	return slot
}

// recount fills the edit reserved at slot for a length of n that ends before colon, once its content's delta is known.
func (r *Rewriter) recount(slot, n, delta, colon int) {
	switch count := &r.edits.items[slot]; {
	case len(r.edits.items) == slot+1:
		r.edits.items = r.edits.items[:slot]
	case delta != 0:
		count.n = colon - count.at
		count.text = r.decimal(n + delta)
	}
}

// enum reads E:N:"Class:Case";.
func enum(b []byte, at int) (end int, ok bool) {
	n, lo, ok := header(b, at)
	if !ok || n > len(b)-lo || !hasAt(b, lo+n, `";`) || bytes.IndexByte(b[lo:lo+n], ':') < 0 {
		return 0, false
	}
	return lo + n + 2, true
}

// array reads a:N:{ key value ... }.
func (r *Rewriter) array(l *layer, at, hi, depth, nesting int) (end int, ok bool) {
	if l.b[at+1] != ':' {
		return 0, false
	}
	n, p, ok := number(l.b[:hi], at+2)
	if !ok || !hasAt(l.b[:hi], p, ":{") {
		return 0, false
	}
	return r.members(l, p+2, hi, n, depth, nesting)
}

// object reads O:N:"Class":N:{ key value ... }.
func (r *Rewriter) object(l *layer, at, hi, depth, nesting int) (end int, ok bool) {
	p, ok := className(l.b[:hi], at)
	if !ok {
		return 0, false
	}
	n, p, ok := number(l.b[:hi], p)
	if !ok || !hasAt(l.b[:hi], p, ":{") {
		return 0, false
	}
	return r.members(l, p+2, hi, n, depth, nesting)
}

// members reads n pairs and the closing brace.
func (r *Rewriter) members(l *layer, at, hi, n, depth, nesting int) (end int, ok bool) {
	if nesting >= maxNesting {
		return 0, false
	}
	for range n {
		if at >= hi || (l.b[at] != 's' && l.b[at] != 'i' && l.b[at] != 'S') {
			return 0, false
		}
		if at, ok = r.item(l, at, hi, depth, nesting+1); !ok {
			return 0, false
		}
		if at, ok = r.item(l, at, hi, depth, nesting+1); !ok {
			return 0, false
		}
	}
	return at + 1, at < hi && l.b[at] == '}'
}

// custom reads C:N:"Class":N:{...}. Only the class knows the format of the content, so it is copied, and reported if
// it mentions the source.
func (r *Rewriter) custom(l *layer, at, hi int) (end int, ok bool) {
	p, ok := className(l.b[:hi], at)
	if !ok {
		return 0, false
	}
	n, p, ok := number(l.b[:hi], p)
	if !ok || !hasAt(l.b[:hi], p, ":{") || n > hi-p-2 || !hasAt(l.b[:hi], p+2+n, "}") {
		return 0, false
	}
	lo := p + 2
	if l.has(lo, lo+n) {
		r.note(customObject)
	}
	return lo + n + 1, true
}

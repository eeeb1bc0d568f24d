package rewrite

// maxNesting bounds arrays and objects within one serialized value, as PHP's unserialize_max_depth does.
const maxNesting = 4096

// looksSerialized says whether b begins like a serialized value that can hold text.
func looksSerialized(b []byte) bool {
	if len(b) < 4 || b[1] != ':' || !isDigit(b[2]) {
		return false
	}
	switch b[0] {
	case 'a', 'O', 'C', 'E', 's', 'S':
		return true
	}
	return false
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
		at = end
	}
	r.text(l, at, hi)
}

// item reads one value at an offset and returns the offset behind it.
func (r *Rewriter) item(l *layer, at, hi, depth, nesting int) (end int, ok bool) {
	if at+1 >= hi {
		return 0, false
	}
	b := l.b[:hi]
	switch b[at] {
	case 'N':
		return at + 2, b[at+1] == ';'
	case 'b', 'i', 'd', 'r', 'R':
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

// scalar reads a boolean, integer, float or reference: it is copied byte for byte.
func scalar(b []byte, at int) (end int, ok bool) {
	if b[at+1] != ':' {
		return 0, false
	}
	end = at + 2
	for end < len(b) && isScalarByte(b[end]) {
		end++
	}
	return end + 1, end > at+2 && end < len(b) && b[end] == ';'
}

// isScalarByte covers digits, signs, exponents and PHP's INF and NAN.
func isScalarByte(c byte) bool {
	switch c {
	case '+', '-', '.', 'E', 'e', 'I', 'N', 'F', 'A':
		return true
	}
	return isDigit(c)
}

// plainString reads s:N:"...";, rewrites its content as a value of its own and recounts N.
func (r *Rewriter) plainString(l *layer, at, hi, depth int) (end int, ok bool) {
	n, lo, ok := header(l.b[:hi], at)
	if !ok || n > hi-lo || !hasAt(l.b[:hi], lo+n, `";`) {
		return 0, false
	}
	if l.has(lo, lo+n) {
		slot := len(r.edits)
		r.edits = append(r.edits, edit{at: at + 2})
		r.value(l, lo, lo+n, depth+1)
		r.recount(slot, n, sumDeltas(r.edits[slot+1:]), lo-2)
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
		slot := len(r.edits)
		r.edits = append(r.edits, edit{at: at + 2})
		delta, _ := r.decoded(l, lo, stop, depth, hexEscapes)
		r.recount(slot, n, delta, lo-2)
	}
	return stop + 2, true
}

// recount fills the edit reserved at slot for a length of n that ends before colon, once its content's delta is known.
func (r *Rewriter) recount(slot, n, delta, colon int) {
	switch {
	case len(r.edits) == slot+1:
		r.edits = r.edits[:slot]
	case delta != 0:
		r.edits[slot].n = colon - r.edits[slot].at
		r.edits[slot].text = r.decimal(n + delta)
	}
}

// enum reads E:N:"Class:Case";.
func enum(b []byte, at int) (end int, ok bool) {
	n, lo, ok := header(b, at)
	if !ok || n > len(b)-lo || !hasAt(b, lo+n, `";`) {
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
	for l.has(lo, lo+n) {
		r.note(ReasonCustomObject)
		l.next++
	}
	return lo + n + 1, true
}

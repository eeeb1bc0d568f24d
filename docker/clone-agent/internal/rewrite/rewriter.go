// Package rewrite changes a site's own addresses and paths inside the cells of its database.
//
// It works on bytes and never builds PHP values: a cell becomes a list of edits, and all that is not edited is copied.
// Serialized values are parsed strictly only to recount the lengths around an edit; JSON keeps its escaping. What
// cannot be rewritten safely is left alone, counted and listed. The rules are in docs/rewriting.md.
package rewrite

import "io"

// maxDepth is how many values may be packed into one another as text (serialized in JSON in serialized ...).
const maxDepth = 32

// Rewriter rewrites one cell after the other. It is not safe for concurrent use: Fork one for each goroutine.
type Rewriter struct {
	// Where names the present cell for the list of what could not be rewritten; nil: nothing is named.
	Where func() string

	plan   *plan
	layers []*layer
	edits  list[edit]
	texts  list[byte] // what edits write; begins with the plan's words
	bytes  list[byte] // of a block of base64
	marks  []int
	framed []frame // serialized strings in text around the present hit
	notes  reasons
	kind   string
	stats  Stats
}

// New compiles a mapping. An error says which address is not usable.
func New(m Mapping) (*Rewriter, error) {
	p, err := compile(m)
	if err != nil {
		return nil, err
	}
	return forPlan(p), nil
}

func forPlan(p *plan) *Rewriter {
	r := &Rewriter{plan: p, stats: Stats{Rewritten: map[string]int64{}, NotRewritten: map[string]int64{}}}
	r.edits.dir, r.texts.dir, r.bytes.dir = p.spillDir, p.spillDir, p.spillDir
	return r
}

// Fork returns a rewriter for the same mapping with buffers and counts of its own.
func (r *Rewriter) Fork() *Rewriter { return forPlan(r.plan) }

// Stats returns what was counted so far.
func (r *Rewriter) Stats() Stats {
	var copied Stats
	copied.Add(r.stats)
	return copied
}

// Cell appends the rewritten src to dst and says whether it differs from src. It allocates only to grow its buffers.
func (r *Rewriter) Cell(dst, src []byte) (out []byte, changed bool) { return r.cell(dst, src, false) }

// Binary is Cell for binary columns: what is neither serialized nor text is copied and counted.
func (r *Rewriter) Binary(dst, src []byte) (out []byte, changed bool) { return r.cell(dst, src, true) }

func (r *Rewriter) cell(dst, src []byte, binary bool) (out []byte, changed bool) {
	if !r.scan(src, binary) {
		return append(dst, src...), false
	}
	out = r.apply(dst, src, r.edits.items)
	r.release()
	return out, true
}

// Measure is the first of two passes over a value that is too large to be copied (src may be a mapped file): it says how
// long the value will be, and whether it will differ.
func (r *Rewriter) Measure(src []byte, binary bool) (size int, changed bool) {
	if !r.scan(src, binary) {
		return len(src), false
	}
	return len(src) + sumDeltas(r.edits.items), true
}

// Emit is the second pass over what was just measured: it writes the rewritten value.
func (r *Rewriter) Emit(w io.Writer, src []byte) error {
	defer r.release()
	return r.write(w, src, r.edits.items)
}

// scan fills r.edits for src and counts the cell; false means that nothing is to be changed.
func (r *Rewriter) scan(src []byte, binary bool) bool {
	r.release()
	l := r.layer(0)
	if l.begin(src); !l.has(0, len(src)) {
		return false
	}
	r.notes = 0
	kind := r.top(l, binary)
	changed := len(r.edits.items) > 0
	r.count(kind, changed)
	if !changed {
		r.release()
	}
	return changed
}

// release forgets the last cell.
func (r *Rewriter) release() {
	r.edits.cut(0)
	r.texts.cut(0)
	r.texts.append(r.plan.words...)
	r.bytes.cut(0)
	r.marks = r.marks[:0]
	for _, l := range r.layers {
		l.b = nil
		l.plain.cut(0)
	}
}

// top rewrites a whole cell and says what kind it was.
func (r *Rewriter) top(l *layer, binary bool) string {
	if looksSerialized(trimLeft(l.b)) {
		if r.anySerialized(l, 0, len(l.b), 0) {
			return KindSerialized
		}
		r.note(malformed)
	}
	if binary && !isText(l.b) {
		r.note(binaryCell)
		return KindText
	}
	if looksJSON(l.b) && r.json(l, 0, len(l.b), 0) {
		return KindJSON
	}
	r.text(l, 0, len(l.b), 0)
	return KindText
}

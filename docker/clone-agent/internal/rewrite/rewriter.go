// Package rewrite changes a site's own addresses and paths inside the cells of its database.
//
// It works on bytes and never builds PHP values: a cell becomes a list of edits, and all that is not edited is copied.
// Serialized values are parsed strictly only to recount the lengths around an edit; JSON keeps its escaping. What
// cannot be rewritten safely is left alone and counted.
package rewrite

import "io"

// maxDepth is how many values may be packed into one another as text (serialized in JSON in serialized ...).
const maxDepth = 32

// Kinds of a rewritten cell, as counted in Stats.Rewritten.
const (
	KindSerialized = "serialized"
	KindJSON       = "json"
	KindText       = "text"
)

// Reasons in Stats.NotRewritten.
const (
	ReasonMalformed    = "malformed_serialized" // looks serialized but is not valid: rewritten as text
	ReasonCustomObject = "custom_object"        // C: holds an address in a format of its class: copied
	ReasonTooDeep      = "too_deep"             // nested deeper than maxDepth: rewritten as text
	ReasonBinary       = "binary"               // not text and not serialized: copied
	ReasonOtherPort    = "other_port"           // the host with a port that is not the site's: copied
)

// Stats counts what was done; the keys are the kinds and reasons above.
type Stats struct {
	Rewritten    map[string]int64
	NotRewritten map[string]int64
}

// Add merges other into s.
func (s *Stats) Add(other Stats) {
	s.Rewritten = merged(s.Rewritten, other.Rewritten)
	s.NotRewritten = merged(s.NotRewritten, other.NotRewritten)
}

func merged(into, from map[string]int64) map[string]int64 {
	if into == nil {
		into = map[string]int64{}
	}
	for key, n := range from {
		into[key] += n
	}
	return into
}

// Rewriter rewrites one cell after the other. It is not safe for concurrent use: Fork one for each goroutine.
type Rewriter struct {
	plan    *plan
	hits    []hit
	edits   []edit
	digits  []byte
	scratch [][]byte // one for each level of decoding
	notes   map[string]bool
	stats   Stats
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
	stats := Stats{Rewritten: map[string]int64{}, NotRewritten: map[string]int64{}}
	return &Rewriter{plan: p, notes: map[string]bool{}, stats: stats}
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
func (r *Rewriter) Cell(dst, src []byte) (out []byte, changed bool) {
	if !r.scan(src, false) {
		return append(dst, src...), false
	}
	return apply(dst, src, r.edits), true
}

// Binary is Cell for binary columns: what is neither serialized nor text is copied and counted.
func (r *Rewriter) Binary(dst, src []byte) (out []byte, changed bool) {
	if !r.scan(src, true) {
		return append(dst, src...), false
	}
	return apply(dst, src, r.edits), true
}

// Write is Cell (or Binary) for a value that is too large to be copied; size announces the length of what will be
// written. src may be a mapped file.
func (r *Rewriter) Write(w io.Writer, src []byte, binary bool) (changed bool, err error) {
	if !r.scan(src, binary) {
		_, err = w.Write(src)
		return false, err
	}
	return true, write(w, src, r.edits)
}

// scan fills r.edits for src and counts the cell; false means that nothing is to be changed.
func (r *Rewriter) scan(src []byte, binary bool) bool {
	r.hits = r.plan.findAll(r.hits[:0], src)
	if len(r.hits) == 0 {
		return false
	}
	r.edits, r.digits = r.edits[:0], r.digits[:0]
	clear(r.notes)
	kind := r.top(src, binary)
	for reason := range r.notes {
		r.stats.NotRewritten[reason]++
	}
	if len(r.edits) == 0 {
		return false
	}
	r.stats.Rewritten[kind]++
	return true
}

// top rewrites a whole cell and says what kind it was.
func (r *Rewriter) top(src []byte, binary bool) string {
	l := &layer{b: src, hits: r.hits}
	if looksSerialized(trimLeft(src)) {
		if r.serialized(l, 0, len(src), 0) {
			return KindSerialized
		}
		r.note(ReasonMalformed)
	}
	if binary && !isText(src) {
		r.note(ReasonBinary)
		return KindText
	}
	if looksJSON(src) && r.json(l, 0, len(src), 0) {
		return KindJSON
	}
	r.text(l, 0, len(src))
	return KindText
}

// note remembers a reason for the report; a cell counts once for each.
func (r *Rewriter) note(reason string) { r.notes[reason] = true }

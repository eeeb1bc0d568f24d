package rewrite

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
	ReasonBase64       = "base64"               // a block of base64 that could not be written again as it was: copied
	ReasonInText       = "serialized_in_text"   // a length in text that is not that of its string: rewritten as text
	ReasonUnclear      = "unclear_host"         // the host, maybe of a mail address or the end of a longer name: copied
	ReasonTooLong      = "column_too_short"     // the rewritten cell does not fit its column: copied
)

// reasons is a set of them.
type reasons uint8

const (
	malformed reasons = 1 << iota
	customObject
	tooDeep
	binaryCell
	otherPort
	base64Block
	inText
	unclearHost
)

var reasonNames = []string{
	ReasonMalformed, ReasonCustomObject, ReasonTooDeep, ReasonBinary, ReasonOtherPort, ReasonBase64, ReasonInText, ReasonUnclear,
}

// maxListed is how many cells are named for each reason; all are counted.
const maxListed = 100

// Finding names a cell in which something could not be rewritten.
type Finding struct {
	Cell   string `json:"cell"` // what Where said
	Kind   string `json:"kind"`
	Reason string `json:"reason"`
}

// Stats counts what was done; the keys are the kinds and reasons above.
type Stats struct {
	Rewritten    map[string]int64
	NotRewritten map[string]int64
	Listed       []Finding // the first maxListed cells of each reason
}

// Add merges other into s.
func (s *Stats) Add(other Stats) {
	s.Rewritten = merged(s.Rewritten, other.Rewritten)
	s.NotRewritten = merged(s.NotRewritten, other.NotRewritten)
	for _, finding := range other.Listed {
		s.list(finding)
	}
}

func (s *Stats) list(finding Finding) {
	n := 0
	for _, other := range s.Listed {
		if other.Reason == finding.Reason {
			n++
		}
	}
	if n < maxListed {
		s.Listed = append(s.Listed, finding)
	}
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

// count takes what was found in a cell into the statistics.
func (r *Rewriter) count(kind string, changed bool) {
	r.kind = kind
	if changed {
		r.stats.Rewritten[kind]++
	}
	for i, name := range reasonNames {
		if r.notes&(1<<i) != 0 {
			r.left(name)
		}
	}
}

func (r *Rewriter) left(reason string) {
	r.stats.NotRewritten[reason]++
	if r.stats.NotRewritten[reason] <= maxListed {
		finding := Finding{Kind: r.kind, Reason: reason}
		if r.Where != nil {
			finding.Cell = r.Where()
		}
		r.stats.list(finding)
	}
}

// TooLong takes it back that the last cell was rewritten: what became of it did not fit.
func (r *Rewriter) TooLong() {
	r.stats.Rewritten[r.kind]--
	r.left(ReasonTooLong)
}

// note remembers a reason for the report; a cell counts once for each.
func (r *Rewriter) note(reason reasons) { r.notes |= reason }

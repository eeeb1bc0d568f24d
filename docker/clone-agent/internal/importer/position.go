package importer

import (
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"encoding/json"
	"hash"

	"clonepool.dev/clone-agent/internal/rewrite"
)

// position is how far a table has come: its rows in the clone, and where the source goes on behind them.
type position struct {
	cursor   *string
	complete bool
	bytes    int64 // that the source has sent
	report   TableReport
	digest   hash.Cloner
	stats    rewrite.Stats
}

func newPosition(table string) position {
	return position{report: TableReport{Name: table}, digest: sha256.New().(hash.Cloner)}
}

// copied returns a position that can go on while this one stays.
func (p position) copied() position {
	digest, err := p.digest.Clone()
	if err != nil {
		panic(err) // SHA-256 can be cloned
	}
	p.digest = digest
	var stats rewrite.Stats
	stats.Add(p.stats)
	p.stats = stats
	return p
}

// sum is the digest of all rows up to here, in hex.
func (p position) sum() string { return hex.EncodeToString(p.digest.Sum(nil)) }

// maxChangedBy bounds what a source may say about a table's drift.
const maxChangedBy = 8

// end is the end of the table, and what the source says there of its drift.
func (p *position) end(drift rowsMeta) {
	p.complete = true
	p.report.Changed, p.report.ChangedBy = drift.Changed, drift.ChangedBy[:min(len(drift.ChangedBy), maxChangedBy)]
}

// writtenPosition is a position on disk.
type writtenPosition struct {
	Cursor   *string       `json:"cursor,omitempty"`
	Complete bool          `json:"complete,omitempty"`
	Bytes    int64         `json:"bytes"`
	Report   TableReport   `json:"report"`
	Bytewise bool          `json:"bytewise,omitempty"`
	Digest   []byte        `json:"digest"` // its state, with which it goes on
	Stats    rewrite.Stats `json:"stats"`
}

// MarshalJSON writes it for another agent.
func (p position) MarshalJSON() ([]byte, error) {
	digest, err := p.digest.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return nil, err
	}
	return json.Marshal(writtenPosition{p.cursor, p.complete, p.bytes, p.report, p.report.Bytewise, digest, p.stats})
}

// UnmarshalJSON reads what another agent has written.
func (p *position) UnmarshalJSON(text []byte) error {
	var w writtenPosition
	if err := json.Unmarshal(text, &w); err != nil {
		return err
	}
	digest := sha256.New()
	if err := digest.(encoding.BinaryUnmarshaler).UnmarshalBinary(w.Digest); err != nil {
		return err
	}
	w.Report.Bytewise = w.Bytewise
	*p = position{w.Cursor, w.Complete, w.Bytes, w.Report, digest.(hash.Cloner), w.Stats}
	return nil
}

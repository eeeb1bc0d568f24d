// Package rows turns the rows of the export protocol into the text that LOAD DATA reads, rewriting on the way.
package rows

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/rewrite"
)

// ErrMalformed: the stream does not consist of whole rows.
var ErrMalformed = errors.New("malformed row")

// flushAt is the size from which text is handed on.
const flushAt = 256 << 10

// LargeCell returns the bytes of a cell that is not in its row, and what lets go of them.
type LargeCell func(token string, length int64) (cell []byte, release func(), err error)

// Encoder encodes the rows of one table. It is used by one goroutine.
type Encoder struct {
	columns  []Column
	rewriter *rewrite.Rewriter
	large    LargeCell
	out      io.Writer
	buffer   []byte
	scratch  []byte
	tooLong  int64
	column   *Column // of the present cell
	key      []byte  // of the present row
}

// NewEncoder writes to out in pieces of about flushAt bytes.
func NewEncoder(columns []Column, rewriter *rewrite.Rewriter, large LargeCell, out io.Writer) *Encoder {
	e := &Encoder{columns: columns, rewriter: rewriter, large: large, out: out}
	rewriter.Where = e.where
	return e
}

// where names the present cell, as WordPress's tables begin with their numeric key: "post_content, ID 12".
func (e *Encoder) where() string {
	if first := e.columns[0]; first.Kind == source.KindNumber {
		return fmt.Sprintf("%s, %s %s", e.column.Name, first.Name, e.key)
	}
	return e.column.Name
}

// TooLong is how many cells were left as they are because the rewritten text would not fit their column.
func (e *Encoder) TooLong() int64 { return e.tooLong }

// Rows encodes whole rows and returns how many there were.
func (e *Encoder) Rows(data []byte) (rows int64, err error) {
	for len(data) > 0 {
		if data, err = e.row(data); err != nil {
			return rows, err
		}
		rows++
		if len(e.buffer) >= flushAt {
			if err = e.flush(); err != nil {
				return rows, err
			}
		}
	}
	return rows, e.flush()
}

func (e *Encoder) flush() error {
	_, err := e.out.Write(e.buffer)
	e.buffer = e.buffer[:0]
	return err
}

// row encodes one row and returns what follows it.
func (e *Encoder) row(data []byte) (rest []byte, err error) {
	for i := range e.columns {
		if i > 0 {
			e.buffer = append(e.buffer, '\t')
		}
		if data, err = e.cell(&e.columns[i], data); err != nil {
			return nil, fmt.Errorf("column %s: %w", e.columns[i].Name, err)
		}
	}
	e.buffer = append(e.buffer, '\n')
	return data, nil
}

// Cell lengths with a meaning of their own (docs/protocol.md, section 6).
const (
	cellNull = 0
	cellAway = 1
	cellBase = 2
)

func (e *Encoder) cell(c *Column, data []byte) (rest []byte, err error) {
	n, data, err := uvarint(data)
	switch {
	case err != nil:
		return nil, err
	case n == cellNull:
		e.buffer = append(e.buffer, '\\', 'N')
		return data, nil
	case n == cellAway:
		return e.away(c, data)
	case n-cellBase > uint64(len(data)):
		return nil, fmt.Errorf("%w: a cell of %d bytes in the last %d", ErrMalformed, n-cellBase, len(data))
	}
	cell := data[:n-cellBase]
	if c == &e.columns[0] {
		e.key = cell
	}
	e.buffer = appendEscaped(e.buffer, e.rewritten(c, cell))
	return data[n-cellBase:], nil
}

// rewritten returns the cell as it belongs in the clone.
func (e *Encoder) rewritten(c *Column, cell []byte) []byte {
	var changed bool
	e.column = c
	switch c.treatment {
	case rewriteText:
		e.scratch, changed = e.rewriter.Cell(e.scratch[:0], cell)
	case rewriteBinary:
		e.scratch, changed = e.rewriter.Binary(e.scratch[:0], cell)
	case copyCell:
	}
	if !changed {
		return cell
	}
	if !c.fits(e.scratch) {
		e.leave()
		return cell
	}
	return e.scratch
}

// leave counts a cell that stays as it is because MySQL would cut what became of it.
func (e *Encoder) leave() {
	e.tooLong++
	e.rewriter.TooLong()
}

// away encodes a large cell, which is fetched on its own and not copied in memory.
func (e *Encoder) away(c *Column, data []byte) (rest []byte, err error) {
	length, data, err := uvarint(data)
	if err != nil {
		return nil, err
	}
	size, data, err := uvarint(data)
	if err != nil {
		return nil, err
	}
	if size > uint64(len(data)) || length > maxCell {
		return nil, fmt.Errorf("%w: large cell", ErrMalformed)
	}
	cell, release, err := e.large(string(data[:size]), int64(length))
	if err != nil {
		return nil, err
	}
	defer release()
	if err := e.flush(); err != nil {
		return nil, err
	}
	return data[size:], e.copyAway(c, cell)
}

// copyAway writes a large cell, rewritten in two passes if it is to change.
func (e *Encoder) copyAway(c *Column, cell []byte) error {
	escaped := &escaper{out: e.out}
	if c.treatment != copyCell {
		e.column = c
		rewritten, changed := e.rewriter.Measure(cell, c.treatment == rewriteBinary)
		if changed && rewritten <= c.limit {
			return e.rewriter.Emit(escaped, cell)
		}
		if changed {
			e.leave()
		}
	}
	_, err := escaped.Write(cell)
	return err
}

// maxCell is MySQL's own limit, of LONGBLOB.
const maxCell = 1 << 32

func uvarint(data []byte) (n uint64, rest []byte, err error) {
	n, width := binary.Uvarint(data)
	if width <= 0 {
		return 0, nil, fmt.Errorf("%w: no length", ErrMalformed)
	}
	return n, data[width:], nil
}

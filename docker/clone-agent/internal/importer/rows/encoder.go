// Package rows turns the rows of the export protocol into the text that LOAD DATA reads, rewriting on the way.
package rows

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

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
}

// NewEncoder writes to out in pieces of about flushAt bytes.
func NewEncoder(columns []Column, rewriter *rewrite.Rewriter, large LargeCell, out io.Writer) *Encoder {
	return &Encoder{columns: columns, rewriter: rewriter, large: large, out: out}
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
	e.buffer = appendEscaped(e.buffer, e.rewritten(c, cell))
	return data[n-cellBase:], nil
}

// rewritten returns the cell as it belongs in the clone.
func (e *Encoder) rewritten(c *Column, cell []byte) []byte {
	var changed bool
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
		e.tooLong++
		return cell
	}
	return e.scratch
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
	escaped := &escaper{out: e.out}
	if c.treatment == copyCell {
		_, err = escaped.Write(cell)
	} else {
		_, err = e.rewriter.Write(escaped, cell, c.treatment == rewriteBinary)
	}
	return data[size:], err
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

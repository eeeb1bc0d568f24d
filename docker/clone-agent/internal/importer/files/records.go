// Package files writes the file records of the export protocol into the clone's document root.
package files

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrMalformed: the stream does not consist of whole records.
var ErrMalformed = errors.New("malformed file record")

// Record types (docs/protocol.md, section 7).
const (
	recordDir   = 'd'
	recordFile  = 'f'
	recordBytes = 'b'
	recordEnd   = 'z'
	recordLink  = 'l'
	recordSkip  = 's'
	recordHash  = 'h'
)

// Status of a record that ends a file.
const (
	statusWhole   = 0
	statusGoesOn  = 1
	statusChanged = 2
)

// record is one record; which fields are set depends on its kind.
type record struct {
	kind                      byte
	path                      string
	text                      []byte // bytes of a file, target of a link, reason, or digest
	mode, size, mtime, offset uint64
	status                    uint64
}

// parser reads fields and remembers the first error.
type parser struct {
	data []byte
	err  error
}

func (p *parser) num() uint64 {
	n, width := binary.Uvarint(p.data)
	if width <= 0 {
		p.fail()
		return 0
	}
	p.data = p.data[width:]
	return n
}

func (p *parser) str() []byte {
	n := p.num()
	if n > uint64(len(p.data)) {
		p.fail()
		return nil
	}
	text := p.data[:n]
	p.data = p.data[n:]
	return text
}

func (p *parser) fail() {
	p.err, p.data = ErrMalformed, nil
}

// parse reads the first record of data.
func parse(data []byte) (r record, rest []byte, err error) {
	p := &parser{data: data[1:]}
	r.kind = data[0]
	switch r.kind {
	case recordDir:
		r.path, r.mode = string(p.str()), p.num()
	case recordFile:
		r.path, r.mode, r.size, r.mtime, r.offset = string(p.str()), p.num(), p.num(), p.num(), p.num()
	case recordBytes:
		r.text = p.str()
	case recordEnd:
		r.status, r.size = p.num(), p.num()
	case recordLink, recordSkip:
		r.path, r.text = string(p.str()), p.str()
	case recordHash:
		r.path, r.mode, r.size, r.mtime, r.text = string(p.str()), p.num(), p.num(), p.num(), p.str()
		if len(r.text) != sha256.Size {
			p.fail()
		}
	default:
		return r, nil, fmt.Errorf("%w: type %q", ErrMalformed, r.kind)
	}
	return r, p.data, p.err
}

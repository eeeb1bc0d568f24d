package rows

import "io"

// escapes holds the character after the backslash for the bytes that LOAD DATA must not see bare.
var escapes = [256]byte{'\\': '\\', '\t': 't', '\n': 'n', 0: '0'}

// appendEscaped appends a cell for FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY '\n'.
func appendEscaped(dst, cell []byte) []byte {
	done := 0
	for i, c := range cell {
		if escape := escapes[c]; escape != 0 {
			dst = append(dst, cell[done:i]...)
			dst = append(dst, '\\', escape)
			done = i + 1
		}
	}
	return append(dst, cell[done:]...)
}

// escaper escapes what is written through it.
type escaper struct {
	out    io.Writer
	buffer []byte
}

func (e *escaper) Write(p []byte) (int, error) {
	for done := 0; done < len(p); {
		piece := p[done:min(done+flushAt, len(p))]
		e.buffer = appendEscaped(e.buffer[:0], piece)
		if _, err := e.out.Write(e.buffer); err != nil {
			return done, err
		}
		done += len(piece)
	}
	return len(p), nil
}

package source

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
)

// Frame types (docs/protocol.md, section 3).
const (
	frameJSON       = 'J'
	frameData       = 'D'
	frameAlive      = 'K'
	frameCheckpoint = 'C'
	frameEnd        = 'E'
)

const (
	maxFrame     = 4 << 20
	maxPreamble  = 64 << 10 // what other plugins may print before the answer
	headerLength = 5
)

var magic = []byte("\x89CMA1\r\n\x1a\n")

// errNoAnswer: the body is not one of this protocol (a login page, a firewall's page, a cached page).
var errNoAnswer = errors.New("the answer does not begin as one of the plugin")

// errForged: the MAC is wrong, so the bytes were altered, cut or mixed up on the way.
var errForged = errors.New("the answer was altered on its way")

// frameReader reads the frames of one answer and checks their MACs. The payload of a frame is valid until the next one.
type frameReader struct {
	in      *bufio.Reader
	mac     hash.Hash
	payload []byte
}

func newFrameReader(body io.Reader, key []byte, nonce, endpoint string) *frameReader {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "custom-migrator-answer-v1\n%s\n%s\n", nonce, endpoint)
	return &frameReader{in: bufio.NewReaderSize(body, 128<<10), mac: mac}
}

// start skips what stands before the magic.
func (f *frameReader) start() error {
	for skipped := 0; skipped <= maxPreamble; {
		window, err := f.in.Peek(len(magic))
		if err != nil {
			if errors.Is(err, io.EOF) {
				return errNoAnswer
			}
			return err
		}
		if bytes.Equal(window, magic) {
			_, err = f.in.Discard(len(magic))
			return err
		}
		next := bytes.IndexByte(window[1:], magic[0])
		if next < 0 {
			next = len(window) - 1
		}
		n, err := f.in.Discard(next + 1)
		if err != nil {
			return err
		}
		skipped += n
	}
	return errNoAnswer
}

// next reads a frame. The payload of a checkpoint or end is its JSON, once its MAC was right.
func (f *frameReader) next() (kind byte, payload []byte, err error) {
	var header [headerLength]byte
	if _, err := io.ReadFull(f.in, header[:]); err != nil {
		return 0, nil, unexpected(err)
	}
	kind = header[0]
	length := int(binary.BigEndian.Uint32(header[1:]))
	if length > maxFrame {
		return 0, nil, fmt.Errorf("%w: a frame claims %d bytes", errForged, length)
	}
	if cap(f.payload) < length {
		f.payload = make([]byte, length, max(length, 64<<10))
	}
	f.payload = f.payload[:length]
	if _, err := io.ReadFull(f.in, f.payload); err != nil {
		return 0, nil, unexpected(err)
	}
	switch kind {
	case frameJSON, frameData, frameAlive:
		f.digest(kind, f.payload)
		return kind, f.payload, nil
	case frameCheckpoint, frameEnd:
		return f.confirmed(kind)
	}
	return 0, nil, fmt.Errorf("%w: frame of unknown type %q", errForged, kind)
}

func (f *frameReader) confirmed(kind byte) (byte, []byte, error) {
	if len(f.payload) < sha256.Size {
		return 0, nil, errForged
	}
	claimed, text := f.payload[:sha256.Size], f.payload[sha256.Size:]
	f.digest(kind, text)
	if !hmac.Equal(f.mac.Sum(nil), claimed) {
		return 0, nil, errForged
	}
	return kind, text, nil
}

func (f *frameReader) digest(kind byte, payload []byte) {
	sum := sha256.New()
	sum.Write([]byte{kind})
	sum.Write(payload)
	f.mac.Write(sum.Sum(nil))
}

// unexpected makes every end before the end frame an unexpected one.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

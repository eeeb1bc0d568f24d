// Package manifest describes a tree of files in text and compares a tree with such a text.
//
// One entry a line, the root itself (".") first, the others sorted by the bytes of the path: type (f, d, l), mode in octal,
// size in bytes (0 for directories), SHA-256 in hex (the link's target for l, - for d), path. Target and path are
// percent-encoded. The same code writes the manifest when the image is built and reads it when a pod proves itself clean.
package manifest

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Type is the kind of a file system object.
type Type byte

// Types of objects. Other is anything that no manifest can hold: a device, a FIFO, a socket.
const (
	File    Type = 'f'
	Dir     Type = 'd'
	Symlink Type = 'l'
	Other   Type = '?'
)

// Entry is one object of a tree.
type Entry struct {
	Path   string // relative to the root, with slashes; the root itself is "."
	Type   Type
	Mode   uint32 // permission bits, setuid, setgid and sticky: 07777
	Size   int64
	Digest string // SHA-256 in hex, only of a File
	Target string // only of a Symlink
}

// Manifest is a tree, sorted by path.
type Manifest struct {
	Entries []Entry
	digest  string
}

// New sorts entries into a manifest.
func New(entries []Entry) *Manifest {
	slices.SortFunc(entries, func(a, b Entry) int { return order(a.Path, b.Path) })
	m := &Manifest{Entries: entries}
	sum := sha256.New()
	_, _ = m.WriteTo(sum) // a hash never fails
	m.digest = hex.EncodeToString(sum.Sum(nil))
	return m
}

// order sorts paths by their bytes, the root before all: names may begin with bytes that come before its dot.
func order(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == ".":
		return -1
	case b == ".":
		return 1
	}
	return strings.Compare(a, b)
}

// Digest is the SHA-256 of the manifest's text, in hex: one name for the whole tree.
func (m *Manifest) Digest() string { return m.digest }

// Find returns the entry of a path.
func (m *Manifest) Find(path string) (Entry, bool) {
	i, found := slices.BinarySearchFunc(m.Entries, path, func(e Entry, p string) int { return order(e.Path, p) })
	if !found {
		return Entry{}, false
	}
	return m.Entries[i], true
}

// WriteTo writes the manifest's text.
func (m *Manifest) WriteTo(w io.Writer) (int64, error) {
	var text bytes.Buffer
	for _, e := range m.Entries {
		fmt.Fprintf(&text, "%c %04o %d %s %s\n", e.Type, e.Mode, e.Size, e.content(), Encode(e.Path))
	}
	return text.WriteTo(w)
}

func (e Entry) content() string {
	switch e.Type {
	case File:
		return e.Digest
	case Symlink:
		return Encode(e.Target)
	default:
		return "-"
	}
}

// Load reads a manifest file.
func Load(path string) (*Manifest, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := Parse(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// Parse reads a manifest's text. It refuses what WriteTo would not have written: unsorted, twice named, or escaping paths.
func Parse(r io.Reader) (*Manifest, error) {
	var entries []Entry
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		e, err := parseLine(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(entries)+1, err)
		}
		if n := len(entries); n > 0 && order(entries[n-1].Path, e.Path) >= 0 {
			return nil, fmt.Errorf("line %d: not sorted by path", n+1)
		}
		entries = append(entries, e)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(entries) == 0 || entries[0].Path != "." || entries[0].Type != Dir {
		return nil, fmt.Errorf("the first entry must be the root directory")
	}
	return New(entries), nil
}

func parseLine(line string) (Entry, error) {
	fields := strings.Split(line, " ")
	if len(fields) != 5 || len(fields[0]) != 1 {
		return Entry{}, fmt.Errorf("want five fields: type mode size content path")
	}
	mode, errMode := strconv.ParseUint(fields[1], 8, 12)
	size, errSize := strconv.ParseInt(fields[2], 10, 64)
	if errMode != nil || errSize != nil || size < 0 {
		return Entry{}, fmt.Errorf("mode or size is not a number")
	}
	path, err := decodePath(fields[4])
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Path: path, Type: Type(fields[0][0]), Mode: uint32(mode), Size: size}
	return e.withContent(fields[3])
}

func (e Entry) withContent(text string) (Entry, error) {
	var err error
	switch e.Type {
	case File:
		e.Digest = text
		if raw, bad := hex.DecodeString(text); bad != nil || len(raw) != sha256.Size {
			err = fmt.Errorf("not a SHA-256 digest")
		}
	case Symlink:
		e.Target, err = url.PathUnescape(text)
	case Dir:
		if text != "-" {
			err = fmt.Errorf("a directory has no content")
		}
	default:
		err = fmt.Errorf("unknown type %q", e.Type)
	}
	return e, err
}

func decodePath(text string) (string, error) {
	path, err := url.PathUnescape(text)
	if err != nil {
		return "", fmt.Errorf("path is not percent-encoded: %w", err)
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == ".." || (part == "." && path != ".") || strings.ContainsRune(part, 0) {
			return "", fmt.Errorf("path %q is not a plain relative path", text)
		}
	}
	return path, nil
}

const upperHex = "0123456789ABCDEF"

// Encode percent-encodes a path, byte by byte; letters, digits and -._~/ stay as they are.
func Encode(path string) string {
	var out strings.Builder
	for i := range len(path) {
		if c := path[i]; plain(c) {
			out.WriteByte(c)
		} else {
			out.WriteByte('%')
			out.WriteByte(upperHex[c>>4])
			out.WriteByte(upperHex[c&15])
		}
	}
	return out.String()
}

func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~/", c) >= 0
}

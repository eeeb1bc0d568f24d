package manifest

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// Kind says how an object differs from its entry.
type Kind string

// Kinds of differences.
const (
	Missing Kind = "missing"
	Extra   Kind = "extra"
	Changed Kind = "changed"
)

// Difference is one object that is not as the manifest says.
type Difference struct {
	Path   string
	Kind   Kind
	Detail string
	Want   Entry // zero if Extra
	Got    Entry // zero if Missing
}

// String is a finding for a report; the path is percent-encoded.
func (d Difference) String() string {
	if d.Detail == "" {
		return fmt.Sprintf("%s %s", d.Kind, Encode(d.Path))
	}
	return fmt.Sprintf("%s %s: %s", d.Kind, Encode(d.Path), d.Detail)
}

// Time is what a restore sets as the time of every file and directory of a tree.
var Time = time.Unix(1_000_000_000, 0)

// Compare lists, sorted by path, in what the tree differs from the manifest: names, types, owner, modes, sizes, links and contents.
//
// Contents are read and hashed, because modification times and sizes can be forged. What is extra is named but not entered.
func (m *Manifest) Compare(root *os.Root) ([]Difference, error) {
	return m.compare(root, false, unlike)
}

// CompareTimed is Compare for a tree that was restored: times, too, must be as the restore set them.
func (m *Manifest) CompareTimed(root *os.Root) ([]Difference, error) {
	return m.compare(root, false, func(want Entry, got found) string {
		if detail := unlike(want, got); detail != "" || want.Type == Symlink || got.modified.Equal(Time) {
			return detail
		}
		return fmt.Sprintf("modified %d.%09d", got.modified.Unix(), got.modified.Nanosecond())
	})
}

// CompareUnlocking is Compare for a tree that is to be repaired: a directory that its owner closed to himself is opened.
func (m *Manifest) CompareUnlocking(root *os.Root) ([]Difference, error) {
	return m.compare(root, true, unlike)
}

func (m *Manifest) compare(root *os.Root, unlock bool, unlike func(Entry, found) string) ([]Difference, error) {
	seen, err := walk(root, unlock, m.judge)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(seen, func(a, b found) int { return order(a.Path, b.Path) })
	var differences []Difference
	i := 0
	for _, got := range seen {
		for ; i < len(m.Entries) && order(m.Entries[i].Path, got.Path) < 0; i++ {
			differences = append(differences, missing(m.Entries[i]))
		}
		if i == len(m.Entries) || m.Entries[i].Path != got.Path {
			differences = append(differences, Difference{Path: got.Path, Kind: Extra, Got: got.Entry})
			continue
		}
		if detail := unlike(m.Entries[i], got); detail != "" {
			differences = append(differences, Difference{got.Path, Changed, detail, m.Entries[i], got.Entry})
		}
		i++
	}
	for ; i < len(m.Entries); i++ {
		differences = append(differences, missing(m.Entries[i]))
	}
	return differences, nil
}

// judge spares reading what cannot be equal anyway, above all the uploads of a customer.
func (m *Manifest) judge(got found) verdict {
	want, known := m.Find(got.Path)
	if !known || want.Type != got.Type || want.Size != got.Size {
		return noteIt
	}
	return digestIt
}

func missing(e Entry) Difference { return Difference{Path: e.Path, Kind: Missing, Want: e} }

func unlike(want Entry, got found) string {
	switch {
	case want.Type != got.Type:
		return fmt.Sprintf("type %c, not %c", got.Type, want.Type)
	case want.Type != Symlink && want.Mode != got.Mode:
		return fmt.Sprintf("mode %04o, not %04o", got.Mode, want.Mode)
	case want.Size != got.Size:
		return fmt.Sprintf("size %d, not %d", got.Size, want.Size)
	case want.Target != got.Target:
		return "another link target"
	case got.problem != "":
		return strings.Trim(got.problem, "()")
	case want.Digest != got.Digest:
		return "another content"
	}
	return ""
}

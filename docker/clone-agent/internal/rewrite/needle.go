package rewrite

// needle is a byte string whose presence makes a cell worth a closer look: a host, or a path.
type needle struct {
	text   []byte // in lower case: needles match in any case
	origin *origin
	path   *pathRule
	skip   *[256]uint8 // how far Horspool may go on after a byte
}

// lower folds ASCII letters.
var lower = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			t[i] = byte(i) + 'a' - 'A'
		}
	}
	return t
}()

func newNeedle(text string, o *origin) needle {
	n := needle{text: []byte(text), origin: o, skip: new([256]uint8)}
	m := min(len(n.text), 255)
	for i := range n.skip {
		n.skip[i] = uint8(m)
	}
	for i := range len(n.text) - 1 {
		distance := uint8(min(len(n.text)-1-i, 255))
		n.skip[n.text[i]] = distance
		if 'a' <= n.text[i] && n.text[i] <= 'z' {
			n.skip[n.text[i]-'a'+'A'] = distance
		}
	}
	return n
}

// find returns the offset of the first match at or after from, or len(b).
func (n *needle) find(b []byte, from int) int {
	m := len(n.text)
	last := n.text[m-1]
	for i := from + m - 1; i < len(b); i += int(n.skip[b[i]]) {
		if lower[b[i]] == last && equalFold(b[i-m+1:i+1], n.text) {
			return i - m + 1
		}
	}
	return len(b)
}

// equalFold compares a with text, which is in lower case and of the same length.
func equalFold(a, text []byte) bool {
	for i, c := range text {
		if lower[a[i]] != c {
			return false
		}
	}
	return true
}

// hasFold says whether b continues at offset at with text (lower case).
func hasFold(b []byte, at int, text string) bool {
	if at < 0 || at+len(text) > len(b) {
		return false
	}
	for i := range len(text) {
		if lower[b[at+i]] != text[i] {
			return false
		}
	}
	return true
}

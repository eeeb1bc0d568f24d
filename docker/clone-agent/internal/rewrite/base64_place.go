package rewrite

import "bytes"

// alone says whether nothing around the block says that it is a part of something: of a token with a signature, of the
// URL-safe alphabet, of lines.
func (k block) alone(p piece) bool {
	b, hi := p.b, len(p.b)
	if k.at > p.lo && isJoint(b[k.at-1]) || k.end < hi && (isJoint(b[k.end]) || b[k.end] == '=') {
		return false
	}
	if after := skipBreaks(b, k.end); after > k.end && after < hi && base64Class[b[after]]&inAlphabet != 0 {
		return false
	}
	before := skipBreaksBack(b, p.lo, k.at)
	return before == k.at || before == p.lo || base64Class[b[before-1]]&inAlphabet == 0 && b[before-1] != '='
}

// mayBeInQuery says whether the block is part of a URL as it seems, where a + would be read as a space.
func (k block) mayBeInQuery(p piece) bool { return p.inURL || k.at > p.lo && p.b[k.at-1] == '=' }

func hasPlus(b []byte) bool { return bytes.IndexByte(b, '+') >= 0 }

// skipBreaksBack returns where line breaks that end at an offset begin; they may be escaped.
func skipBreaksBack(b []byte, lo, at int) int {
	for at > lo {
		switch {
		case b[at-1] == '\n' || b[at-1] == '\r':
			at--
		case at-2 >= lo && b[at-2] == '\\' && (b[at-1] == 'n' || b[at-1] == 'r'):
			for at--; at > lo && b[at-1] == '\\'; at-- {
			}
		default:
			return at
		}
	}
	return at
}

// skipBreaks returns the offset after line breaks, which may be escaped.
func skipBreaks(b []byte, at int) int {
	for {
		next := skipForward(b, at)
		switch {
		case next == len(b):
			return at
		case next == at && (b[next] == '\n' || b[next] == '\r'):
		case next > at && (b[next] == 'n' || b[next] == 'r'):
		default:
			return at
		}
		at = next + 1
	}
}

func isJoint(c byte) bool {
	switch c {
	case '.', '-', '_', '%', '@', '$':
		return true
	}
	return false
}

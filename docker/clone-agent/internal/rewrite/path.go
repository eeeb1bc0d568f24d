package rewrite

import (
	"bytes"
	"strings"
)

// pathRule replaces an absolute path of the source. Its needles are its last part after a slash ("/html", and "2fhtml"
// for %2F and \u002F); the parts before are compared backwards, with their slashes in any spelling.
type pathRule struct {
	parts []string // without the leading slash
	to    string   // without the leading slash
}

// addPath adds the needles of a path.
func (p *plan) addPath(m PathMapping) {
	from := strings.Trim(strings.ReplaceAll(m.From, `\`, "/"), "/")
	to := strings.Trim(m.To, "/")
	if from == "" || from == to {
		return
	}
	rule := &pathRule{parts: strings.Split(from, "/"), to: to}
	last := strings.ToLower(rule.parts[len(rule.parts)-1])
	for _, text := range []string{"/" + last, "2f" + last} {
		n := newNeedle(text, nil)
		n.path = rule
		p.needles = append(p.needles, n)
	}
}

// path rewrites the path around the hit if it is all there, and neither the end of a longer path nor the beginning of a
// longer name. b ends where the text ends, lo is where it begins.
func (r *Rewriter) path(b []byte, lo int, h hit) {
	rule := h.needle.path
	end := h.at + len(h.needle.text)
	start, joint, ok := rule.matchBefore(b, lo, end)
	if !ok || pathGoesOn(b, end) {
		return
	}
	root, ok := slash.before(b, lo, start)
	if !ok || (root > lo && (isPathByte(b[root-1]) || b[root-1] == '/')) {
		return
	}
	if len(rule.parts) == 1 {
		// A path of one part (/app) is as likely that of a URL: it counts only before one of WordPress's own folders.
		joint = b[root:start]
		if !hasAt(b, end, string(joint)+"wp-") {
			return
		}
	}
	text := []byte(rule.to)
	if len(joint) != 1 {
		text = bytes.ReplaceAll(text, []byte("/"), joint)
	}
	r.replace(b, start, end, text)
}

// matchBefore compares the parts that end at end and returns where the first begins, and how the last slash between
// two parts is spelled.
func (rule *pathRule) matchBefore(b []byte, lo, end int) (start int, joint []byte, ok bool) {
	start = end
	for i := len(rule.parts) - 1; i >= 0; i-- {
		if i < len(rule.parts)-1 {
			before, ok := slash.before(b, lo, start)
			if !ok {
				return 0, nil, false
			}
			if joint == nil {
				joint = b[before:start]
			}
			start = before
		}
		part := rule.parts[i]
		if start-len(part) < lo || !hasAt(b, start-len(part), part) {
			return 0, nil, false
		}
		start -= len(part)
	}
	return start, joint, true
}

// pathGoesOn says whether what follows makes the last part a longer name.
func pathGoesOn(b []byte, at int) bool {
	if at >= len(b) {
		return false
	}
	if b[at] == '.' {
		return at+1 < len(b) && isPathByte(b[at+1])
	}
	return isPathByte(b[at]) || b[at] >= 0x80
}

func isPathByte(c byte) bool { return isAlnum(c) || c == '-' || c == '_' || c == '.' }

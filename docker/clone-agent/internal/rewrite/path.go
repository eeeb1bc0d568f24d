package rewrite

import (
	"slices"
	"strings"
)

// pathRule replaces an absolute path of the source. Its needles are its last part after a separator ("/html", and "2fhtml"
// for %2F and \u002F); the parts before are compared backwards, with their separators in any spelling.
type pathRule struct {
	parts []string // without the root
	drive string   // of Windows ("c"), in lower case; separators may then be backslashes, and case does not count
	to    span     // of the plan's words; without the leading slash, unless there is a drive that it replaces
}

var backslash = mark{'\\', "5c", [4]string{"&#x5c;", "&#92;", "&#092;", "&bsol;"}}

// addPath adds the needles of a path, in each of its spellings.
func (p *plan) addPath(m PathMapping) {
	from, to, drive := strings.ReplaceAll(m.From, `\`, "/"), strings.Trim(m.To, "/"), ""
	if len(from) > 1 && from[1] == ':' && isAlnum(from[0]) {
		drive = foldASCII(from[:1])
		from = from[2:]
		to = "/" + to
	}
	from = strings.Trim(from, "/")
	if from == "" || from == to {
		return
	}
	target := p.word(to)
	for _, spelling := range pathSpellings(from) {
		p.addNeedles(&pathRule{parts: strings.Split(spelling, "/"), drive: drive, to: target})
	}
}

// pathSpellings lists the ways in which the names in a path are written: as they are, and what is not plain ASCII as in
// JSON and percent-encoded.
func pathSpellings(path string) []string {
	var spellings []string
	for _, spelling := range []string{path, jsonEscaped(path), percentEncodedPath(path)} {
		if !slices.Contains(spellings, spelling) {
			spellings = append(spellings, spelling)
		}
	}
	return spellings
}

func (p *plan) addNeedles(rule *pathRule) {
	last := foldASCII(rule.parts[len(rule.parts)-1])
	separators := []string{"/", "2f", `\`, "5c"}
	if rule.drive == "" {
		separators = separators[:2]
	}
	for _, separator := range separators {
		n := newNeedle(separator+last, nil)
		n.path = rule
		p.needles = append(p.needles, n)
	}
}

// foldASCII is strings.ToLower for ASCII letters, as needles are compared.
func foldASCII(text string) string {
	folded := []byte(text)
	for i, c := range folded {
		folded[i] = lower[c]
	}
	return string(folded)
}

// path rewrites the path around the needle at an offset if it is all there, and neither the end of a longer path nor the
// beginning of a longer name.
func (r *Rewriter) path(p piece, at int, n *needle) {
	rule, end := n.path, at+len(n.text)
	start, joint, ok := rule.matchBefore(p.b, p.lo, end)
	if !ok || pathGoesOn(p.b, end) {
		return
	}
	root, ok := rule.separatorBefore(p.b, p.lo, start)
	if !ok {
		return
	}
	if joint == nil {
		joint = p.b[root:start]
	}
	if rule.drive != "" {
		r.windowsPath(p, root, end, string(joint), rule)
		return
	}
	if !pathBegins(p.b, p.lo, root) {
		return
	}
	// A path of one part (/app) is as likely that of a URL: it counts only before one of WordPress's own folders.
	if len(rule.parts) == 1 && !hasAt(p.b, end, string(joint)+"wp-") {
		return
	}
	r.replace(p.b, start, end, r.jointed(rule.to, string(joint)))
}

// pathBegins says whether a path can begin at an offset: no name and no slash is before it but the two of file://.
func pathBegins(b []byte, lo, at int) bool {
	if at == lo || breakBefore(b, lo, at) {
		return true
	}
	c := b[at-1]
	if code, ok := escapedBefore(b, lo, at); ok {
		c = code
	}
	if second, ok := slash.before(b, lo, at); ok {
		first, ok := slash.before(b, lo, second)
		if _, scheme := colon.before(b, lo, first); !ok || !scheme {
			return false
		}
		return true
	}
	return !isPathByte(c)
}

// jointed returns a path with its slashes in the spelling of a separator.
func (r *Rewriter) jointed(path span, joint string) span {
	if joint == "/" {
		return path
	}
	return r.withSlashes(path, joint, `\`)
}

// windowsPath rewrites a path from its drive to end, and the backslashes of what follows: the clone has none.
func (r *Rewriter) windowsPath(p piece, root, end int, joint string, rule *pathRule) {
	b := p.b
	drive, ok := colon.before(b, p.lo, root)
	if !ok || drive <= p.lo || lower[b[drive-1]] != rule.drive[0] {
		return
	}
	drive--
	if !pathBegins(b, p.lo, drive) {
		return
	}
	separator := slashFor(joint)
	r.replace(b, drive, end, r.jointed(rule.to, separator))
	if separator == joint {
		return
	}
	for at := end; ; {
		next := afterSlash(b, at, separator)
		if next == at && hasFold(b, at, strings.ToLower(joint)) {
			next = at + len(joint)
			if next < len(b) && isPathByte(b[next]) {
				r.replace(b, at, next, r.jointed(r.plan.slash, separator))
			}
		}
		if next == at || next == len(b) || !isPathByte(b[next]) {
			return
		}
		for at = next; at < len(b) && isPathByte(b[at]); {
			at++
		}
	}
}

// afterSlash returns the offset behind a slash in the given or a usual spelling, at if there is none.
func afterSlash(b []byte, at int, separator string) int {
	if plain := skipForward(b, at); hasAt(b, plain, "/") {
		return plain + 1
	}
	if hasFold(b, at, strings.ToLower(separator)) {
		return at + len(separator)
	}
	return at
}

// slashFor returns the spelling of a slash that goes with that of a separator.
func slashFor(joint string) string {
	if folded := strings.ToLower(joint); strings.HasSuffix(folded, "/") || strings.HasSuffix(folded, "2f") {
		return joint
	}
	if strings.Trim(joint, `\`) == "" {
		return "/"
	}
	return strings.NewReplacer("5c", "2f", "5C", "2F").Replace(joint)
}

func (rule *pathRule) separatorBefore(b []byte, lo, end int) (start int, ok bool) {
	if start, ok = slash.before(b, lo, end); ok || rule.drive == "" {
		return start, ok
	}
	return backslash.before(b, lo, end)
}

// matchBefore compares the parts that end at end and returns where the first begins, and how the last separator between
// two parts is spelled; nil if there is only one.
func (rule *pathRule) matchBefore(b []byte, lo, end int) (start int, joint []byte, ok bool) {
	start = end
	for i := len(rule.parts) - 1; i >= 0; i-- {
		if i < len(rule.parts)-1 {
			before, ok := rule.separatorBefore(b, lo, start)
			if !ok {
				return 0, nil, false
			}
			if joint == nil {
				joint = b[before:start]
			}
			start = before
		}
		part := rule.parts[i]
		if start-len(part) < lo || !rule.equal(b[start-len(part):start], part) {
			return 0, nil, false
		}
		start -= len(part)
	}
	return start, joint, true
}

func (rule *pathRule) equal(b []byte, part string) bool {
	return string(b) == part || rule.drive != "" && foldASCII(string(b)) == foldASCII(part)
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

package importer

import (
	"path"
	"slices"
	"strings"

	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/rewrite"
)

// maxPaths bounds what a source may have looked for in each cell; a site has two or three of them.
const maxPaths = 8

// movedPaths says which folder of the source is which in the clone: that of the core, by the name that WordPress knows and
// by its real one, and what does not lie below (Bedrock, uploads on a volume of their own).
func movedPaths(facts *source.Preflight, docroot string) (moved []rewrite.PathMapping) {
	add := func(folder, target string) {
		inside := func(m rewrite.PathMapping) bool { return below(folder, m.From) }
		if folder != "" && len(moved) < maxPaths && !slices.ContainsFunc(moved, inside) {
			moved = append(moved, rewrite.PathMapping{From: folder, To: path.Join(docroot, target)})
		}
	}
	add(facts.Paths["abspath"], "")
	for _, wide := range []bool{true, false} {
		for _, root := range facts.Roots {
			if wide == (root.Name == "core" || root.Name == "content") {
				add(facts.Paths[strings.ReplaceAll(root.Name, "-", "_")], root.Target)
				add(root.Path, root.Target)
			}
		}
	}
	return moved
}

// below says whether a folder is another one or in it, in the spelling of either system.
func below(folder, other string) bool {
	plain := func(name string) string { return strings.Trim(strings.ReplaceAll(name, `\`, "/"), "/") + "/" }
	return strings.HasPrefix(plain(folder), plain(other))
}

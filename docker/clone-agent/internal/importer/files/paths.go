package files

import (
	"fmt"
	"strings"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/job"
)

const maxName = 255

// checkPath refuses what is not a plain relative path: os.Root would stop an escape too, but a source that tries is not
// one to import from.
func checkPath(name string) error {
	if len(name) > 4096 || strings.IndexByte(name, 0) >= 0 {
		return badPath(name)
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." || len(part) > maxName {
			return badPath(name)
		}
	}
	return nil
}

func badPath(name string) error {
	return failure.New(job.SourceInvalid, "the source sends a file under the path %q", shorten(name))
}

func shorten(text string) string { return fmt.Sprintf("%.120s", text) }

// linkStaysInside says whether a link at name (relative to the tree) with this target leads to a place in the tree. It may
// climb first and then only descend, as the source writes them. The folder of a link is never itself reached through one
// (folders), so climbing ends within the tree, and descending through another link ends where that one stays.
func linkStaysInside(name, target string) bool {
	if len(target) > 4096 || strings.IndexByte(target, 0) >= 0 {
		return false
	}
	depth, descending := strings.Count(name, "/"), false
	for part := range strings.SplitSeq(target, "/") {
		switch {
		case part == "" || part == "." || len(part) > maxName:
			return false
		case part != "..":
			descending = true
		case descending || depth == 0:
			return false
		default:
			depth--
		}
	}
	return true
}

// ours are paths in the document root that belong to the clone and not to its source.
var ours = []string{"wp-config.php", "wp-content/plugins/custom-migrator"}

func isOurs(name string) bool {
	for _, own := range ours {
		if name == own || strings.HasPrefix(name, own+"/") {
			return true
		}
	}
	return false
}

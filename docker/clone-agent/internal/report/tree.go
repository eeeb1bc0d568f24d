package report

import "clonepool.dev/clone-agent/internal/manifest"

// OfTree makes the check of a tree from its differences.
func OfTree(want *manifest.Manifest, differences []manifest.Difference) Check {
	findings := make([]string, len(differences))
	for i, d := range differences {
		findings[i] = d.String()
	}
	c := Of(len(want.Entries), findings...)
	c.Digest = want.Digest()
	return c
}

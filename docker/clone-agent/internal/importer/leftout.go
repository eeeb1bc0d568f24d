package importer

import (
	"regexp"
	"slices"

	"clonepool.dev/clone-agent/internal/importer/database"
	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/job"
)

// ofWordPress are the tables that WordPress makes itself, for a site or for a network.
const ofWordPress = "options|posts|postmeta|users|usermeta|terms|termmeta|term_taxonomy|term_relationships|comments|commentmeta|links|" +
	"blogs|blogmeta|blog_versions|site|sitemeta|signups|registration_log"

// withoutLeftOut drops the tables that the clone's database cannot have from those that are to be copied. Without one of
// WordPress's own there is no site.
func (r *run) withoutLeftOut(tables []source.Table) ([]source.Table, error) {
	core := regexp.MustCompile("^" + regexp.QuoteMeta(r.preflight.Database.Prefix) + `(?:\d+_)?(?:` + ofWordPress + ")$")
	missing := map[string]bool{}
	for _, t := range r.adapted {
		if t.LeftOut && core.MatchString(t.Table) {
			return nil, failure.New(job.Incompatible, "the clone's database refuses table %s: %s", t.Table, t.Error)
		}
		missing[t.Table] = t.LeftOut
	}
	return slices.DeleteFunc(slices.Clone(tables), func(t source.Table) bool { return missing[t.Name] }), nil
}

// leftOut is a table that the clone does not have, because the source does not send it or the clone's server cannot have it.
type leftOut struct {
	Name   string `json:"name"`
	Reason string `json:"reason"` // the source's (docs/protocol.md, section 4), or incompatible
	Error  string `json:"error,omitempty"`
}

// leftOut lists them, and what was adapted apart from them.
func (r *run) leftOut() (missing []leftOut, adapted []database.Adapted) {
	for _, t := range r.preflight.LeftOut {
		missing = append(missing, leftOut{Name: t.Name, Reason: t.Reason})
	}
	for _, t := range r.adapted {
		if t.LeftOut {
			missing = append(missing, leftOut{t.Table, "incompatible", t.Error})
		} else {
			adapted = append(adapted, t)
		}
	}
	return missing, adapted
}

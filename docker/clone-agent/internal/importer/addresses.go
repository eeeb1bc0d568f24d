package importer

import (
	"net/url"
	"strings"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/importer/site"
	"clonepool.dev/clone-agent/internal/job"
	"clonepool.dev/clone-agent/internal/rewrite"
)

// mapAddresses decides which addresses and paths become which. The path of a URL stays, so a site in /blog is one in the clone.
func (r *run) mapAddresses() (err error) {
	facts := r.preflight
	public := strings.TrimRight(r.job.PublicURL, "/")
	r.home, r.siteURL = join(public, facts.Site.Home), join(public, facts.Site.SiteURL)
	m := rewrite.Mapping{
		Sources: withHost(facts.Site.Home, facts.Site.SiteURL, r.job.SourceURL),
		Target:  public, Paths: movedPaths(facts, r.env.Docroot), SpillDir: r.env.SpillDir,
	}
	r.rewriter, err = rewrite.New(m)
	if err != nil {
		return failure.New(job.SourceInvalid, "%w", err)
	}
	return nil
}

func join(public, address string) string {
	if p := site.URLPath(address); p != "" {
		return public + "/" + p
	}
	return public
}

// withHost keeps the addresses that have a host.
func withHost(addresses ...string) (out []string) {
	for _, address := range addresses {
		if u, err := url.Parse(address); err == nil && u.Hostname() != "" {
			out = append(out, address)
		}
	}
	return out
}

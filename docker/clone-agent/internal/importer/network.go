package importer

import (
	"net/url"
	"strconv"
	"strings"

	"clonepool.dev/clone-agent/internal/importer/database"
	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/importer/site"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/job"
)

// maxNamed bounds the host names that a refusal names.
const maxNamed = 5

// fitsOneAddress refuses networks whose sites have several host names: a clone has one. Sites in folders keep their paths.
func fitsOneAddress(p *source.Preflight) error {
	if !p.Site.Multisite {
		return nil
	}
	if p.Network == nil || p.Network.Domain == "" {
		return failure.New(job.Incompatible, "the source is a network of sites and does not say which; update the custom-migrator plugin on it")
	}
	var others []string
	for _, s := range p.Network.Sites {
		if !s.Archived && !s.Spam && !s.Deleted && s.NetworkID == p.Network.ID && !sameHost(s.Domain, p.Network.Domain) && len(others) < maxNamed {
			others = append(others, s.Domain)
		}
	}
	if len(others) > 0 {
		return database.SeveralHosts(p.Network.Domain, others)
	}
	return nil
}

// sameHost compares names of hosts as WordPress does: www. is no difference.
func sameHost(a, b string) bool {
	return strings.TrimPrefix(strings.ToLower(a), "www.") == strings.TrimPrefix(strings.ToLower(b), "www.")
}

// networkConfig is what wp-config.php says of a network; nil for a single site.
func (r *run) networkConfig() *site.Network {
	n := r.preflight.Network
	if !r.preflight.Site.Multisite || n == nil {
		return nil
	}
	return &site.Network{Subdomains: n.SubdomainInstall, Domain: r.publicHost(), Path: n.Path, ID: n.ID, MainSite: n.MainSiteID}
}

// publicHost is the clone's host, with its port if it has one of its own.
func (r *run) publicHost() string {
	u, err := url.Parse(r.job.PublicURL)
	if err != nil {
		return ""
	}
	return u.Host
}

// settings are what the database is told of the site that it holds now.
func (r *run) settings() database.Settings {
	tables := map[string]bool{}
	for _, report := range r.reports {
		tables[report.Name] = true
	}
	s := database.Settings{Prefix: r.preflight.Database.Prefix, Home: r.home, SiteURL: r.siteURL, Tables: tables}
	s.Options = s.Prefix + "options"
	if n := r.preflight.Network; r.preflight.Site.Multisite && n != nil {
		s.Network = &database.Network{ID: n.ID, OldDomain: n.Domain, Domain: r.publicHost()}
		if n.MainSiteID > 1 {
			s.Options = s.Prefix + strconv.FormatInt(n.MainSiteID, 10) + "_options"
		}
	}
	return s
}

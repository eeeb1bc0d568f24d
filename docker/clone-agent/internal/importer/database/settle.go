package database

import (
	"context"
	"regexp"
	"strings"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/job"
)

// Settings are what an imported site must say of itself once it is a clone.
type Settings struct {
	Prefix  string
	Options string // table of the site, of a network its main one
	Home    string
	SiteURL string
	Tables  map[string]bool // what exists
	Network *Network
}

// Network is a multisite that moves from one host to another.
type Network struct {
	ID        int64
	OldDomain string
	Domain    string
}

// Settle corrects the site's own address should the rewriter have met a spelling that it does not know, asks search
// engines to stay away, and removes what must not live on: sessions of the source, keys of its export.
func (d *Database) Settle(ctx context.Context, s Settings) error {
	if !s.Tables[s.Options] {
		return failure.New(job.SourceInvalid, "the source has no table %s", s.Options)
	}
	statements := hidden(s.Options)
	statements = append(statements,
		statement{"UPDATE " + Quote(s.Options) + " SET option_value = ? WHERE option_name = 'home'", []any{s.Home}},
		statement{"UPDATE " + Quote(s.Options) + " SET option_value = ? WHERE option_name = 'siteurl'", []any{s.SiteURL}})
	if usermeta := s.Prefix + "usermeta"; s.Tables[usermeta] {
		statements = append(statements, statement{"DELETE FROM " + Quote(usermeta) + " WHERE meta_key = 'session_tokens'", nil})
	}
	if s.Network != nil {
		statements = append(statements, s.network()...)
	}
	err := d.surviving(ctx, func() error { return d.all(ctx, "settling the site", statements) })
	if err != nil || s.Network == nil {
		return err
	}
	return d.oneHost(ctx, s)
}

// hidden hides a site from search engines and forgets the keys of its export.
func hidden(options string) []statement {
	return []statement{
		{"DELETE FROM " + Quote(options) + " WHERE option_name = 'blog_public' OR option_name LIKE 'custom\\_migrator\\_%'", nil},
		{"INSERT INTO " + Quote(options) + " (option_name, option_value, autoload) VALUES ('blog_public', '0', 'yes')", nil},
	}
}

// network moves all sites of a network to the clone's host. The addresses in their options were rewritten as all others.
func (s Settings) network() (out []statement) {
	ofSite := regexp.MustCompile("^" + regexp.QuoteMeta(s.Prefix) + `(?:\d+_)?options$`)
	for table := range s.Tables {
		if ofSite.MatchString(table) && table != s.Options {
			out = append(out, hidden(table)...)
		}
	}
	plain := strings.TrimPrefix(strings.ToLower(s.Network.OldDomain), "www.")
	for _, table := range []string{s.Prefix + "blogs", s.Prefix + "site"} {
		if s.Tables[table] {
			out = append(out, statement{"UPDATE " + Quote(table) + " SET domain = ? WHERE LOWER(domain) IN (?, ?)", []any{s.Network.Domain, plain, "www." + plain}})
		}
	}
	if blogs := s.Prefix + "blogs"; s.Tables[blogs] {
		out = append(out, statement{"UPDATE " + Quote(blogs) + " SET public = 0", nil})
	}
	if meta := s.Prefix + "sitemeta"; s.Tables[meta] {
		out = append(out, statement{"DELETE FROM " + Quote(meta) + " WHERE meta_key LIKE 'custom\\_migrator\\_%'", nil})
	}
	return out
}

// oneHost refuses a network that has sites under other hosts than it said.
func (d *Database) oneHost(ctx context.Context, s Settings) error {
	query := "SELECT DISTINCT domain FROM " + Quote(s.Prefix+"blogs") + " WHERE site_id = ? AND domain <> ? AND archived = 0 AND spam = 0 AND deleted = 0 LIMIT 5"
	var others []string
	err := d.surviving(ctx, func() (err error) {
		others, err = d.strings(ctx, query, s.Network.ID, s.Network.Domain)
		return wrap("looking at the network's sites", err)
	})
	if err == nil && len(others) > 0 {
		return SeveralHosts(s.Network.OldDomain, others)
	}
	return err
}

// SeveralHosts is why a network with several host names is refused.
func SeveralHosts(domain string, others []string) error {
	return failure.New(job.Incompatible, "the source is a network whose sites have host names of their own (%s beside %s); a clone has only one, so"+
		" only networks with their sites in folders can be cloned", strings.Join(others, ", "), domain)
}

// all executes statements on one connection; they may be begun again from the first one.
func (d *Database) all(ctx context.Context, doing string, statements []statement) error {
	conn, err := d.conn(ctx)
	if err != nil {
		return wrap("connecting", err)
	}
	defer conn.Close()
	for _, s := range statements {
		if _, err := conn.ExecContext(ctx, s.text, s.arguments...); err != nil {
			return wrap(doing, err)
		}
	}
	return nil
}

type statement struct {
	text      string
	arguments []any
}

package database

import (
	"context"
	"fmt"
)

// Settings are what an imported site must say of itself once it is a clone.
type Settings struct {
	Prefix  string
	Home    string
	SiteURL string
	Tables  map[string]bool // what exists
}

// Settle corrects the site's own address should the rewriter have met a spelling that it does not know, asks search
// engines to stay away, and removes what must not live on: sessions of the source, keys of its export.
func (d *Database) Settle(ctx context.Context, s Settings) error {
	options := Quote(s.Prefix + "options")
	if !s.Tables[s.Prefix+"options"] {
		return wrap("settling the site", fmt.Errorf("there is no table %soptions", s.Prefix))
	}
	statements := []statement{
		{"UPDATE " + options + " SET option_value = ? WHERE option_name = 'home'", []any{s.Home}},
		{"UPDATE " + options + " SET option_value = ? WHERE option_name = 'siteurl'", []any{s.SiteURL}},
		{"DELETE FROM " + options + " WHERE option_name = 'blog_public' OR option_name LIKE 'custom\\_migrator\\_%'", nil},
		{"INSERT INTO " + options + " (option_name, option_value, autoload) VALUES ('blog_public', '0', 'yes')", nil},
	}
	if usermeta := s.Prefix + "usermeta"; s.Tables[usermeta] {
		statements = append(statements, statement{"DELETE FROM " + Quote(usermeta) + " WHERE meta_key = 'session_tokens'", nil})
	}
	return d.surviving(ctx, func() error { return d.all(ctx, "settling the site", statements) })
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

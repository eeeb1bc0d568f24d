package importer

import (
	"context"
	"errors"
	"strings"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/importer/site"
	"clonepool.dev/clone-agent/internal/job"
	"clonepool.dev/clone-agent/internal/rewrite"
)

// maxRounds bounds how often something is switched off; a site with more that dies than this is not a clone any more.
const maxRounds = 5

// Off is a plugin or theme that was switched off because it died.
type Off struct {
	Plugin string `json:"plugin"` // below wp-content: plugins/x/x.php, mu-plugins/x.php, themes/x
	Reason string `json:"reason"`
}

// smoke tries the clone from inside the pod. What dies because it is in a clone is switched off, and the clone tried again.
func (r *run) smoke(ctx context.Context) error {
	test, err := r.smokeTest()
	if err != nil {
		return err
	}
	if r.clonePHP, err = test.ForgetCode(ctx, r.copier.CoreIsImages()); err != nil {
		return err
	}
	r.cloneWordPress = site.Version(r.root) // before any code of the site could write it
	for round := 0; ; round++ {
		r.warnings, err = test.Run(ctx)
		var fatal *site.Fatal
		if !errors.As(err, &fatal) {
			break
		}
		if fatal.Code == "" {
			return failure.New(job.SmokeFailed, "%w (the error is in no plugin or theme)", err)
		}
		if round == maxRounds {
			return failure.New(job.SmokeFailed, "%w (after %d rounds of switching off what died)", err, maxRounds)
		}
		off, err := r.switchOff(ctx, fatal)
		if err != nil {
			return err
		}
		r.off = append(r.off, off...)
	}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return failure.New(job.SmokeFailed, "%w", err)
	}
	return err
}

func (r *run) smokeTest() (*site.Smoke, error) {
	addresses, err := rewrite.New(rewrite.Mapping{
		Sources: withHost(r.preflight.Site.Home, r.preflight.Site.SiteURL, r.job.SourceURL), Target: r.job.PublicURL,
		AddressesOnly: true, // what a page merely says is no reason to refuse a clone
	})
	if err != nil {
		return nil, err
	}
	account, err := r.env.address()
	return &site.Smoke{
		Address: r.env.HTTPAddress, Home: r.home, SiteURL: r.siteURL, Rewriter: addresses,
		Docroot: r.env.Docroot, TempDir: r.env.TempDir, Secrets: []string{account.Password, r.job.JobKey},
	}, err
}

// switchOff makes WordPress run the culprit no more. Nothing can be switched off twice: what is not active is not found.
func (r *run) switchOff(ctx context.Context, fatal *site.Fatal) (off []Off, err error) {
	var names []string
	switch kind, _, _ := strings.Cut(fatal.Code, "/"); kind {
	case site.Plugins:
		names, err = r.pluginOff(ctx, fatal.Code)
	case site.MustUse:
		names, err = r.mustUseOff(fatal.Code)
	case site.Themes:
		names, err = r.themeOff(ctx, fatal.Code)
	}
	for _, name := range names {
		off = append(off, Off{Plugin: name, Reason: fatal.Reason})
	}
	if err == nil && len(off) == 0 {
		err = failure.New(job.SmokeFailed, "wp-content/%s dies, and is of nothing that could be switched off: %w", fatal.Code, fatal)
	}
	return off, err
}

func (r *run) pluginOff(ctx context.Context, file string) (names []string, err error) {
	found, err := r.database.SwitchPluginsOff(ctx, r.preflight.Database.Prefix, func(plugin string) bool { return site.OfPlugin(file, plugin) })
	for _, plugin := range found {
		names = append(names, site.Plugins+"/"+plugin)
	}
	return names, err
}

func (r *run) mustUseOff(file string) ([]string, error) {
	name, err := site.SetMustUseAside(r.root, file)
	if name == "" {
		return nil, err
	}
	return []string{name}, err
}

// themeOff switches to a theme of WordPress's own. A child and its parent go together: neither works without the other.
func (r *run) themeOff(ctx context.Context, file string) ([]string, error) {
	prefix := r.preflight.Database.Prefix
	stylesheet, template, err := r.database.ActiveThemes(ctx, prefix)
	if err != nil {
		return nil, err
	}
	culprit := stylesheet
	if !site.OfTheme(file, stylesheet) {
		culprit = template
	}
	if !site.OfTheme(file, culprit) {
		return nil, nil
	}
	other := site.DefaultTheme(r.root, func(name string) bool { return name == culprit || r.isOff(site.Themes+"/"+name) })
	if other == "" {
		return nil, failure.New(job.SmokeFailed, "the theme %s dies, and no default theme is installed to take its place", culprit)
	}
	return []string{site.Themes + "/" + culprit}, r.database.SwitchTheme(ctx, prefix, other)
}

func (r *run) isOff(name string) bool {
	for _, off := range r.off {
		if off.Plugin == name {
			return true
		}
	}
	return false
}

package importer

import (
	"fmt"
	"slices"
	"testing"

	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/rewrite"
)

func TestMovedPaths(t *testing.T) {
	const docroot = "/var/www/html"
	targets := map[string]string{"plugins": "wp-content/plugins", "content": "wp-content", "core": "", "uploads": "wp-content/uploads"}
	roots := func(named ...string) (out []source.Root) {
		for i := 0; i < len(named); i += 2 {
			out = append(out, source.Root{Name: named[i], Path: named[i+1], Target: targets[named[i]]})
		}
		return out
	}
	cases := map[string]struct {
		paths map[string]string
		roots []source.Root
		want  []rewrite.PathMapping
	}{
		"the usual": {
			map[string]string{"abspath": "/srv/www/", "content": "/srv/www/wp-content"},
			roots("plugins", "/srv/www/wp-content/plugins", "content", "/srv/www/wp-content", "core", "/srv/www"),
			[]rewrite.PathMapping{{From: "/srv/www/", To: docroot}},
		},
		"Bedrock": {
			map[string]string{"abspath": "/srv/web/wp/", "content": "/srv/web/app"},
			roots("plugins", "/srv/web/app/plugins", "content", "/srv/web/app", "core", "/srv/web/wp", "uploads", "/mnt/media/uploads"),
			[]rewrite.PathMapping{
				{From: "/srv/web/wp/", To: docroot}, {From: "/srv/web/app", To: docroot + "/wp-content"},
				{From: "/mnt/media/uploads", To: docroot + "/wp-content/uploads"},
			},
		},
		"releases behind a link": {
			map[string]string{"abspath": "/srv/current/", "content": "/srv/current/wp-content"},
			roots("plugins", "/srv/releases/7/wp-content/plugins", "core", "/srv/releases/7"),
			[]rewrite.PathMapping{{From: "/srv/current/", To: docroot}, {From: "/srv/releases/7", To: docroot}},
		},
		"Windows": {
			map[string]string{"abspath": `C:\site/`}, roots("plugins", "C:/site/wp-content/plugins"),
			[]rewrite.PathMapping{{From: `C:\site/`, To: docroot}},
		},
		"a like name": {
			map[string]string{"abspath": "/srv/www"}, roots("plugins", "/srv/www2/plugins", "uploads", ""),
			[]rewrite.PathMapping{{From: "/srv/www", To: docroot}, {From: "/srv/www2/plugins", To: docroot + "/wp-content/plugins"}},
		},
	}
	for name, c := range cases {
		facts := &source.Preflight{Paths: c.paths, Roots: c.roots}
		if got := movedPaths(facts, docroot); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	many := make([]source.Root, 1000)
	for i := range many {
		many[i] = source.Root{Path: fmt.Sprintf("/mnt/%d", i), Target: "wp-content/uploads"}
	}
	if got := movedPaths(&source.Preflight{Roots: many}, docroot); len(got) != maxPaths {
		t.Errorf("%d paths of a hostile source", len(got))
	}
}

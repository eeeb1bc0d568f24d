package files_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"clonepool.dev/clone-agent/internal/importer/files"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/importer/sourcetest"
)

// copying is a copy by one agent after the other.
type copying struct {
	t     *testing.T
	dir   string
	known func(string) string
	term  bool   // agents are asked to end, and keep where they are
	saved []byte // what the last agent has kept
}

// life copies until so many bytes have come, and is then killed: nothing is kept any more. It returns how many bytes came.
func (c *copying) life(s *sourcetest.Server, limit int64) (report files.Report, received int64, err error) {
	c.t.Helper()
	client, err := source.New(context.Background(), s.Job(), source.Options{Backoff: time.Millisecond})
	must(c.t, err)
	defer client.Close()
	opened, err := os.OpenRoot(c.dir)
	must(c.t, err)
	defer opened.Close()
	ctx, kill := context.WithCancel(context.Background())
	defer kill()
	var bytes atomic.Int64
	copier := &files.Copier{Client: client, Root: opened, Known: c.known, Streams: 3, Parts: 8, Sizes: map[string]int64{"uploads": 1 << 30}}
	copier.Spend = func(n int64) error {
		if bytes.Add(n) > limit {
			kill()
		}
		return ctx.Err()
	}
	copier.Save = func(parts []files.Part) error {
		text, err := json.Marshal(parts)
		if c.term || ctx.Err() == nil {
			c.saved = text
		}
		return err
	}
	if c.saved != nil {
		must(c.t, json.Unmarshal(c.saved, &copier.From))
	}
	var roots []source.Root
	for _, r := range s.Site.Roots {
		roots = append(roots, r.Root)
	}
	err = copier.Copy(ctx, roots)
	return copier.Report(), bytes.Load(), err
}

// whole is a site with several trees, a file that changes while it is read, a link, and what is skipped.
func whole() sourcetest.Site {
	big := file("big", strings.Repeat("0123456789", 8000))
	restless := file("restless", "at last")
	restless.Changed = 2
	return sourcetest.Site{Roots: []sourcetest.Root{
		root("plugins", file("shop/shop.php", strings.Repeat("plugin ", 900)), sourcetest.Record{Kind: 's', Path: "shop/log", Text: "log"}),
		root("core", file("wp-includes/version.php", "6.5"), file("index.php", "index.php"), file("wp-admin/new.php", strings.Repeat("new", 3000))),
		root("uploads", append(many(20), restless, big, sourcetest.Record{Kind: 'l', Path: "link", Text: "big"})...),
	}}
}

func image(t *testing.T) *copying {
	names := []string{"wp-includes/version.php", "index.php", "wp-admin/old.php", "wp-content/plugins/hello.php"}
	known := func(name string) string {
		for _, n := range names {
			if n == name {
				sum := sha256.Sum256([]byte(name))
				return hex.EncodeToString(sum[:])
			}
		}
		return ""
	}
	return &copying{t: t, dir: docroot(t, names...), known: known}
}

// tree is all files below a folder, with their content and time.
func tree(t *testing.T, dir string) map[string]string {
	out := map[string]string{}
	must(t, filepath.WalkDir(dir, func(name string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(name)
		out[name[len(dir):]] = fmt.Sprintf("%x", sha256.Sum256(text))
		return err
	}))
	return out
}

func TestACopyGoesOnAfterTheAgentWasKilled(t *testing.T) {
	undisturbed := image(t)
	want, all, err := undisturbed.life(sourcetest.Start(t, whole()), 1<<40)
	must(t, err)
	for number := range 8 {
		step := []int64{3_000, 17_000, 40_000, 110_000}[number/2]
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			s, c := sourcetest.Start(t, whole()), image(t)
			c.term = number%2 == 1
			var got files.Report
			for life := range 4 {
				limit := step
				if life == 3 {
					limit = 1 << 40
				}
				report, received, err := c.life(s, limit)
				if got = report; life < 3 && received > limit && !errors.Is(err, context.Canceled) || life == 3 && err != nil {
					t.Fatal(err)
				}
				if life == 3 && received >= all {
					t.Errorf("the last agent took %d bytes of %d: it began anew", received, all)
				}
			}
			if got.Files != want.Files || got.Bytes != want.Bytes || got.SkippedAt != want.SkippedAt || !reflect.DeepEqual(got.Skipped, want.Skipped) {
				t.Errorf("%+v, undisturbed %+v", got, want)
			}
			if got, want := tree(t, c.dir), tree(t, undisturbed.dir); !reflect.DeepEqual(got, want) {
				t.Errorf("%v, undisturbed %v", got, want)
			}
		})
	}
}

// What of WordPress itself has arrived is not asked for again.
func TestCoreIsNotTakenTwice(t *testing.T) {
	s, c := sourcetest.Start(t, whole()), image(t)
	_, _, err := c.life(s, 1<<40)
	must(t, err)
	c.saved = []byte(`[{"root": "core"}, {"root": "plugins", "complete": true}, {"root": "uploads", "complete": true}]`) // as before core was complete
	asked := len(s.Requests)
	report, _, err := c.life(s, 1<<40)
	must(t, err)
	if len(s.Requests) != asked+1 || report.Files != 2 {
		t.Errorf("%d requests, %+v", len(s.Requests)-asked, report)
	}
}

func TestAFileGoesOnOnlyWhereItIsKnownToBe(t *testing.T) {
	for name, c := range map[string]struct {
		present string
		begun   string
		again   bool
	}{
		"there, and more of it": {"0123456789~~~", `{"path": "YmlnLmJpbg==", "offset": 10}`, false},
		"shorter":               {"01234", `{"path": "YmlnLmJpbg==", "offset": 10}`, true},
		"another file":          {"0123456789", `{"path": "YQ==", "offset": 10}`, true},
		"another place":         {"0123456789", `{"path": "YmlnLmJpbg==", "offset": 9}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Repeat("0123456789", 300)
			s := sourcetest.Start(t, sourcetest.Site{Roots: []sourcetest.Root{root("themes", file("big.bin", text))}})
			copied := &copying{t: t, dir: docroot(t)}
			name := filepath.Join(copied.dir, "wp-content/themes/big.bin")
			must(t, os.MkdirAll(filepath.Dir(name), 0o755))
			must(t, os.WriteFile(name, []byte(c.present), 0o644))
			copied.saved = []byte(`[{"root": "themes", "cursor": "0/10", "bytes": 10, "begun": ` + c.begun + `}]`)
			report, received, err := copied.life(s, 1<<40)
			must(t, err)
			wantFile(t, filepath.Dir(name), "big.bin", text)
			if again := received >= int64(len(text)); again != c.again || report.Files != 1 {
				t.Errorf("%d bytes came, %+v", received, report)
			}
		})
	}
}

package files_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clonepool.dev/clone-agent/internal/importer/files"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/importer/sourcetest"
)

const uploads = "html/wp-content/uploads"

// volume is a pod's volume with a document root in it, and a back-fill into that.
type volume struct {
	t   *testing.T
	dir string

	mu    sync.Mutex
	saved []byte
}

func newVolume(t *testing.T) *volume {
	v := &volume{t: t, dir: t.TempDir()}
	if err := os.MkdirAll(filepath.Join(v.dir, "html"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(v.dir, ".backfill"), 0o700); err != nil {
		t.Fatal(err)
	}
	return v
}

// backfill is one of a new agent, which goes on with what was saved.
func (v *volume) backfill(s *sourcetest.Server) *files.Backfill {
	v.t.Helper()
	client, err := source.New(context.Background(), s.Job(), source.Options{Backoff: time.Millisecond, Stall: time.Second})
	must(v.t, err)
	root, err := os.OpenRoot(filepath.Join(v.dir, "html"))
	must(v.t, err)
	whole, err := os.OpenRoot(v.dir)
	must(v.t, err)
	v.t.Cleanup(func() { client.Close(); root.Close(); whole.Close() })
	b := &files.Backfill{
		Copier: &files.Copier{
			Client: client, Root: root, Spend: func(int64) error { return nil }, Streams: 3, Parts: 8, Sizes: map[string]int64{"uploads": 1 << 30},
		},
		Volume: whole, Docroot: "html", Folder: ".backfill", Root: s.Site.Roots[0].Root,
		Save: func(state files.State) (err error) {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.saved, err = json.Marshal(state)
			return err
		},
	}
	var from *files.State
	if v.saved != nil {
		must(v.t, json.Unmarshal(v.saved, &from))
	}
	b.Begin(from)
	return b
}

func (v *volume) write(name, text string) {
	v.t.Helper()
	name = filepath.Join(v.dir, name)
	must(v.t, os.MkdirAll(filepath.Dir(name), 0o755))
	must(v.t, os.WriteFile(name, []byte(text), 0o644))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// many are files of different sizes in some folders.
func many(n int) (records []sourcetest.Record) {
	for i := range n {
		records = append(records, file(fmt.Sprintf("2024/%02d/%03d.bin", i%7, i), strings.Repeat(fmt.Sprintf("%03d ", i), i*40)))
	}
	return records
}

func (v *volume) wantAll(records []sourcetest.Record) {
	v.t.Helper()
	for _, r := range records {
		wantFile(v.t, filepath.Join(v.dir, uploads), r.Path, r.Text)
	}
	left, err := filepath.Glob(filepath.Join(v.dir, ".backfill", "*"))
	if err != nil || len(left) != 0 {
		v.t.Errorf("left behind: %v", left)
	}
}

func TestABackfillBringsEveryFile(t *testing.T) {
	records := append(many(60), sourcetest.Record{Kind: 'l', Path: "link", Text: "2024/01/001.bin"}, file("\xff\xfe", "raw"))
	s := sourcetest.Start(t, sourcetest.Site{Roots: []sourcetest.Root{root("uploads", records...)}})
	s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		if r.Number%2 == 1 {
			return sourcetest.Cut(w, 20_000)
		}
		return w
	}
	v := newVolume(t)
	b := v.backfill(s)
	must(t, b.Run(context.Background()))
	v.wantAll(records[:60])
	wantFile(t, filepath.Join(v.dir, uploads), "\xff\xfe", "raw")
	if report := b.Copier.Report(); report.Files != 61 || report.KeptAt != 0 || report.SkippedAt != 0 {
		t.Errorf("%+v", report)
	}
}

// The agent is killed at several points, also in the middle of files; the next one goes on.
func TestABackfillGoesOnAfterTheAgentWasKilled(t *testing.T) {
	records := many(60)
	s := sourcetest.Start(t, sourcetest.Site{Roots: []sourcetest.Root{root("uploads", records...)}})
	v := newVolume(t)
	again := 0
	for life := range 6 {
		ctx, kill := context.WithCancel(context.Background())
		b := v.backfill(s)
		var received atomic.Int64
		save := b.Save
		b.Copier.Spend = func(bytes int64) error {
			if received.Add(bytes) > 15_000 && life < 5 {
				must(t, save(b.State()))
				kill()
			}
			return ctx.Err()
		}
		err := b.Run(ctx)
		kill()
		if life == 5 {
			must(t, err)
			again = int(received.Load())
			continue
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	v.wantAll(records)
	var whole int
	for _, r := range records {
		whole += len(r.Text)
	}
	if again >= whole {
		t.Errorf("the last agent read %d bytes of %d: it began anew", again, whole)
	}
}

func TestAPositionThatIsLostMeansToBeginAnew(t *testing.T) {
	records := many(20)
	s := sourcetest.Start(t, sourcetest.Site{Roots: []sourcetest.Root{root("uploads", records...)}})
	v := newVolume(t)
	v.saved = []byte(`{"parts": [{"root": "uploads", "cursor": "5/100"}], "report": {}}`) // in the middle of a file that nobody has the beginning of
	must(t, v.backfill(s).Run(context.Background()))
	v.wantAll(records)
}

func TestABackfillReplacesNothing(t *testing.T) {
	records := []sourcetest.Record{file("a.jpg", "the source's"), file("b/c.jpg", "the source's"), file("d.jpg", "d"), {Kind: 'd', Path: "e"}, file("e/f", "f")}
	s := sourcetest.Start(t, sourcetest.Site{Roots: []sourcetest.Root{root("uploads", records...)}})
	v := newVolume(t)
	v.write(uploads+"/a.jpg", "the clone's")
	v.write(uploads+"/b", "a file where the source has a folder")
	b := v.backfill(s)
	must(t, b.Run(context.Background()))
	wantFile(t, filepath.Join(v.dir, uploads), "a.jpg", "the clone's")
	wantFile(t, filepath.Join(v.dir, uploads), "b", "a file where the source has a folder")
	wantFile(t, filepath.Join(v.dir, uploads), "d.jpg", "d")
	if report := b.Copier.Report(); report.Files != 2 || report.KeptAt != 2 {
		t.Errorf("%+v", report)
	}
}

func TestNobodySeesHalfAFile(t *testing.T) {
	s := sourcetest.Start(t, sourcetest.Site{Roots: []sourcetest.Root{root("uploads", file("big", strings.Repeat("x", 50_000)))}})
	arrived := make(chan struct{})
	s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		return sourcetest.Stall(r, w, 20_000)
	}
	v := newVolume(t)
	b := v.backfill(s)
	var first sync.Once
	b.Copier.Spend = func(int64) error {
		first.Do(func() { close(arrived) })
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- b.Run(ctx) }()
	<-arrived
	wantNone(t, filepath.Join(v.dir, uploads), "big")
	cancel()
	<-ended
	wantNone(t, filepath.Join(v.dir, uploads), "big")
}

func TestFilesAreFetchedAhead(t *testing.T) {
	large := file("large", strings.Repeat("0123456789", 10_000))
	s := sourcetest.Start(t, sourcetest.Site{Roots: []sourcetest.Root{root("uploads", file("2024/a b.jpg", "a"), large, sourcetest.Record{Kind: 's', Path: "x.php", Text: "secret"})}})
	v := newVolume(t)
	b := v.backfill(s)
	fetch := func(name string, want bool) {
		t.Helper()
		if found, err := b.Fetch(context.Background(), name); err != nil || found != want {
			t.Errorf("%q: %v, %v", name, found, err)
		}
	}
	fetch("2024/a b.jpg", true)
	wantFile(t, filepath.Join(v.dir, uploads), "2024/a b.jpg", "a")
	fetch("2024/a b.jpg", true) // is there
	fetch("nothing", false)
	fetch("nothing", false) // is known not to be
	fetch("x.php", false)
	if len(s.Requests) != 3 {
		t.Errorf("the source was asked %d times", len(s.Requests))
	}
	for _, name := range []string{"../../wp-config.php", "/etc/passwd", "a/../../b", "", ".", "a//b", "a\x00", "\xff", strings.Repeat("x", 300)} {
		fetch(name, false)
	}
	if len(s.Requests) != 3 {
		t.Error("the source was asked for what no file is called")
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { fetch("large", true) })
	}
	all.Wait()
	wantFile(t, filepath.Join(v.dir, uploads), "large", large.Text)
	if len(s.Requests) != 4 {
		t.Errorf("eight who wanted one file asked %d times", len(s.Requests)-3)
	}
	must(t, b.Run(context.Background()))
	if report := b.Copier.Report(); report.Files != 2 || report.KeptAt != 0 {
		t.Errorf("%+v", report)
	}
}

func TestWhatIsFetchedAheadIsBounded(t *testing.T) {
	s := sourcetest.Start(t, sourcetest.Site{Roots: []sourcetest.Root{root("uploads")}})
	s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		piece := append([]byte{'b', 0x80, 0x80, 0x10}, make([]byte, 256<<10)...)
		a := r.Answer(w)
		a.Frame('D', []byte("f\x01a\xa4\x03\x01\x01\x00"))
		for range 300 { // 75 MiB
			a.Frame('D', piece)
			a.Signed('C', map[string]any{"cursor": "x"})
		}
		return nil
	}
	v := newVolume(t)
	b := v.backfill(s)
	if found, err := b.Fetch(context.Background(), "a"); found || err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("%v, %v", found, err)
	}
	wantNone(t, filepath.Join(v.dir, uploads), "a")
	v.wantAll(nil)

	gone := make(chan struct{})
	s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		<-gone
		return w
	}
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	busy := make(chan error, 100)
	for i := range 100 {
		all.Go(func() {
			_, err := b.Fetch(ctx, fmt.Sprint(i))
			busy <- err
		})
	}
	for range 100 - 6 {
		if err := <-busy; !errors.Is(err, files.ErrBusy) {
			t.Error(err)
		}
	}
	cancel()
	close(gone)
	all.Wait()
}

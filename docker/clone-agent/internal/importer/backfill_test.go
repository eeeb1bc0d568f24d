package importer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clonepool.dev/clone-agent/internal/importer/database"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/importer/sourcetest"
	"clonepool.dev/clone-agent/internal/job"
	"clonepool.dev/clone-agent/internal/layout"
)

const uploadsDir = "wp-content/uploads"

// gallery is the shop with many uploads.
func gallery() sourcetest.Site {
	site := shop()
	site.Roots[1].Records = nil
	var bytes int
	for i := range 40 {
		text := strings.Repeat(fmt.Sprintf("%03d ", i), 500)
		site.Roots[1].Records = append(site.Roots[1].Records, sourcetest.Record{Kind: 'f', Path: fmt.Sprintf("2024/%02d.jpg", i), Text: text})
		bytes += len(text)
	}
	root := map[string]any{"count": 40, "bytes": bytes}
	site.Preflight = map[string]any{"files": map[string]any{"complete": true, "count": 40, "bytes": bytes, "by_root": map[string]any{"uploads": root}}}
	return site
}

// held keeps a source's uploads back until they are let go.
func held(s *sourcetest.Server) (letGo chan struct{}) {
	letGo = make(chan struct{})
	s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		if r.Endpoint == "files" && r.Text("root") == "uploads" && r.Body["paths"] == nil {
			<-letGo
		}
		return w
	}
	return letGo
}

func TestUsableBeforeComplete(t *testing.T) {
	address := startServer(t)
	t.Run("files follow", func(t *testing.T) { filesFollow(t, address) })
	t.Run("killed on the way", func(t *testing.T) { killedOnTheWay(t, address) })
	t.Run("the source goes away", func(t *testing.T) { sourceGoesAway(t, address) })
	t.Run("nothing is known any more", func(t *testing.T) { nothingKnown(t, address) })
}

func wantUploads(t *testing.T, env Env, site sourcetest.Site) {
	t.Helper()
	for _, r := range site.Roots[1].Records {
		if text, err := os.ReadFile(filepath.Join(env.Docroot, uploadsDir, r.Path)); err != nil || string(text) != r.Text {
			t.Errorf("%s: %d bytes, %v", r.Path, len(text), err)
		}
	}
	if _, err := os.Lstat(filepath.Join(filepath.Dir(env.Docroot), layout.BackfillDir)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the mark of the back-fill: %v", err)
	}
}

func filesFollow(t *testing.T, address database.Address) {
	s := sourcetest.Start(t, gallery())
	letGo := held(s)
	env := pod(t, address, works)
	var lines []job.Line
	offered := make(chan Fetch, 1)
	Run(context.Background(), s.Job(), env, func(line job.Line) {
		lines = append(lines, line)
		if !line.Usable || line.Final() || len(lines) > 1 && lines[len(lines)-2].Usable {
			return
		}
		if _, err := os.Stat(filepath.Join(env.Docroot, uploadsDir, "2024/07.jpg")); err == nil {
			t.Error("the uploads are there already")
		}
		if line.Phase != job.Uploads || line.Percent != 100 || line.Fidelity["complete"] != false || line.Backfill.FilesTotal != 40 || line.TimingsMS["smoke"] < 0 {
			t.Errorf("%+v", line)
		}
		go func() {
			if found, err := (<-offered)(context.Background(), "2024/07.jpg"); err != nil || !found {
				t.Errorf("fetched ahead: %v, %v", found, err)
			}
			time.Sleep(1500 * time.Millisecond) // lines come while nothing else does
			close(letGo)
		}()
	}, func(f Fetch) {
		if f != nil {
			offered <- f
		}
	})
	last := lines[len(lines)-1]
	if last.Result != job.ResultOK || last.Fidelity["complete"] != true || last.Fidelity["files"] != int64(41) || last.Backfill.FilesDone != 40 || last.Backfill.Percent != 100 {
		t.Errorf("%+v %+v", last, last.Backfill)
	}
	for _, name := range []job.Phase{job.Database, job.Smoke, job.Uploads, untilUsable, total} {
		if _, ok := last.TimingsMS[name]; !ok {
			t.Errorf("no time of %s", name)
		}
	}
	if last.TimingsMS[total] < last.TimingsMS[untilUsable]+1000 {
		t.Errorf("%v", last.TimingsMS)
	}
	usable := 0
	for _, line := range lines {
		if line.Usable {
			usable++
		}
	}
	if usable < 3 {
		t.Errorf("%d lines while the source was silent", usable)
	}
	wantUploads(t, env, s.Site)
}

func killedOnTheWay(t *testing.T, address database.Address) {
	s := sourcetest.Start(t, gallery())
	env := pod(t, address, works)
	ctx, kill := context.WithCancel(context.Background())
	s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		if r.Endpoint == "files" && r.Text("root") == "uploads" {
			return sourcetest.Stall(r, w, 20_000)
		}
		return w
	}
	env.Source.Stall, env.Source.Patience = time.Minute, time.Minute
	Run(ctx, s.Job(), env, func(line job.Line) {
		if line.Final() {
			t.Errorf("%+v", line)
		}
		if line.Backfill != nil && line.Backfill.BytesDone > 10_000 {
			time.AfterFunc(1200*time.Millisecond, kill) // its position is saved once a second
		}
	}, func(Fetch) {})
	s.Wrap = nil
	database := len(s.Requests)
	line := importAll(t, s, env, func(j *job.Job) { j.Backfill = true })
	if line.Result != job.ResultOK || line.Fidelity["complete"] != true || line.Fidelity["files"] != int64(41) || line.Fidelity["tables"] != float64(2) {
		t.Errorf("%+v", line)
	}
	for _, r := range s.Requests[database:] {
		if r.Endpoint != "preflight" && r.Endpoint != "files" {
			t.Errorf("%s was asked again", r.Endpoint)
		}
	}
	wantUploads(t, env, s.Site)
}

func sourceGoesAway(t *testing.T, address database.Address) {
	s := sourcetest.Start(t, gallery())
	s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		if r.Endpoint == "files" && r.Text("root") == "uploads" {
			http.NotFound(w, &http.Request{})
			return nil
		}
		return w
	}
	line := importAll(t, s, pod(t, address, works), nil)
	missing, _ := line.Fidelity["incomplete"].(map[string]any)
	if line.Result != job.ResultOK || !line.Usable || line.Fidelity["complete"] != false || missing["code"] != job.SourceRefused || missing["detail"] == "" {
		t.Errorf("%+v", line)
	}
	if line.Backfill.Percent == 100 {
		t.Errorf("%+v", line.Backfill)
	}
}

// A crash between the end of the back-fill and its report: everything is gone through again, and nothing changes.
func nothingKnown(t *testing.T, address database.Address) {
	s := sourcetest.Start(t, gallery())
	env := pod(t, address, works)
	importAll(t, s, env, nil)
	edited := filepath.Join(env.Docroot, uploadsDir, "2024/03.jpg")
	if err := os.WriteFile(edited, []byte("edited in the clone"), 0o644); err != nil {
		t.Fatal(err)
	}
	line := importAll(t, s, env, func(j *job.Job) { j.Backfill = true })
	if line.Result != job.ResultOK || line.Fidelity["complete"] != true || line.Fidelity["files_kept_count"] != int64(1) {
		t.Errorf("%+v", line)
	}
	if text, err := os.ReadFile(edited); err != nil || string(text) != "edited in the clone" {
		t.Errorf("%s, %v", text, err)
	}
	gone := s.Job()
	gone.Backfill, gone.SourceURL = true, "http://127.0.0.1:1/"
	env.Source = source.Options{Backoff: time.Millisecond}
	Run(context.Background(), gone, env, func(l job.Line) { line = l }, func(Fetch) {})
	if line.Result != job.ResultOK || line.Fidelity["complete"] != false {
		t.Errorf("%+v", line)
	}
}

package source_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/importer/sourcetest"
	"clonepool.dev/clone-agent/internal/job"
)

var (
	quick     = source.Options{Backoff: time.Millisecond}
	impatient = source.Options{Backoff: time.Millisecond, Stall: 100 * time.Millisecond}
)

func table(rows int) sourcetest.Table {
	t := sourcetest.Table{Table: sourcetest.Definition(`{"name": "wp_posts", "type": "table",
		"columns": [{"name": "ID", "kind": "number"}, {"name": "post_content", "kind": "text"}]}`)}
	for i := range rows {
		t.Cells = append(t.Cells, []any{fmt.Sprint(i), strings.Repeat("x", i%97)})
	}
	return t
}

func site(rows int) sourcetest.Site {
	return sourcetest.Site{Home: "https://shop.example.com", Tables: []sourcetest.Table{table(rows)}}
}

func dial(t *testing.T, s *sourcetest.Server) *source.Client {
	t.Helper()
	return dialWith(t, s, quick)
}

func dialWith(t *testing.T, s *sourcetest.Server, options source.Options) *source.Client {
	t.Helper()
	client, err := source.New(context.Background(), s.Job(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func wantCode(t *testing.T, err error, want job.Code) {
	t.Helper()
	if code, detail := failure.Of(err); err == nil || code != want {
		t.Errorf("got %v (%s: %s), want %s", err, code, detail, want)
	}
}

// collect reads all rows of the table.
func collect(c *source.Client) ([]byte, error) {
	var data []byte
	err := c.Follow(context.Background(), "rows", source.Parameters{"table": "wp_posts"}, func(b source.Batch) error {
		data = append(data, b.Data...)
		return nil
	})
	return data, err
}

func TestPreflightFindsTheWayThatWorks(t *testing.T) {
	s := sourcetest.Start(t, site(1))
	first := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/wp-json") {
			http.Error(w, "REST is off", http.StatusForbidden)
			return
		}
		first.ServeHTTP(w, r)
	})
	answer, err := dial(t, s).Preflight(context.Background())
	if err != nil || answer.Site.Home != "https://shop.example.com" {
		t.Fatalf("%+v, %v", answer, err)
	}
}

func TestWhatIsNotTheProtocol(t *testing.T) {
	pages := map[string]struct {
		answer http.HandlerFunc
		want   job.Code
	}{
		"unknown page": {http.NotFound, job.SourceRefused},
		"firewall":     {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }, job.SourceRefused},
		"a page":       {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>hello") }, job.SourceInvalid},
		"a long page":  {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("\x89CM", 1<<16)) }, job.SourceInvalid},
		"nothing":      {func(http.ResponseWriter, *http.Request) {}, job.SourceInvalid},
		"down":         {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "oops", http.StatusBadGateway) }, job.SourceUnreachable},
		"another host": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/", http.StatusFound)
		}, job.SourceInvalid},
		"a circle": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, job.SourceInvalid},
		"forged": {func(w http.ResponseWriter, _ *http.Request) {
			a := sourcetest.NewAnswer(w, "another nonce", "preflight")
			a.JSON(map[string]any{"protocol": 1})
			a.Signed('E', map[string]any{"complete": true})
		}, job.SourceInvalid},
		"a lying length": {func(w http.ResponseWriter, _ *http.Request) {
			sourcetest.NewAnswer(w, "", "preflight")
			fmt.Fprint(w, "J\xff\xff\xff\xff")
		}, job.SourceInvalid},
		"an unknown frame": {func(w http.ResponseWriter, r *http.Request) {
			sourcetest.NewAnswer(w, r.Header.Get("X-CM-Nonce"), "preflight").Frame('X', nil)
		}, job.SourceInvalid},
	}
	for name, page := range pages {
		t.Run(name, func(t *testing.T) {
			s := sourcetest.Start(t, site(1))
			s.Config.Handler = page.answer
			_, err := dial(t, s).Preflight(context.Background())
			wantCode(t, err, page.want)
		})
	}
}

func TestAWrongKeyIsRefused(t *testing.T) {
	s := sourcetest.Start(t, site(1))
	j := s.Job()
	j.JobKey = strings.Repeat("00", 32)
	client, err := source.New(context.Background(), j, quick)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Preflight(context.Background())
	wantCode(t, err, job.SourceRefused)
	if strings.Contains(err.Error(), j.JobKey) {
		t.Error("the key is in the error")
	}
}

func TestAnotherProtocolIsIncompatible(t *testing.T) {
	other := site(1)
	other.Preflight = map[string]any{"protocol": 2}
	_, err := dial(t, sourcetest.Start(t, other)).Preflight(context.Background())
	wantCode(t, err, job.Incompatible)
}

func TestNoOneAnswers(t *testing.T) {
	s := sourcetest.Start(t, site(1))
	client := dial(t, s)
	s.Close()
	_, err := client.Preflight(context.Background())
	wantCode(t, err, job.SourceUnreachable)
}

func TestWordsBeforeTheAnswerAreSkipped(t *testing.T) {
	s := sourcetest.Start(t, site(1))
	s.Wrap = func(_ sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		fmt.Fprint(w, "Warning: something\x89CMA\n")
		return w
	}
	if _, err := dial(t, s).Preflight(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestACutAnywhereIsResumed(t *testing.T) {
	want, err := collect(dial(t, sourcetest.Start(t, site(200))))
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(5, 6))
	for range 30 {
		s := sourcetest.Start(t, site(200))
		s.MaxRows = 1 + random.IntN(150)
		spoil := sourcetest.Cut
		if random.IntN(3) == 0 {
			spoil = sourcetest.Flip
		}
		s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
			if r.Number%2 == 0 {
				return w
			}
			return spoil(w, 1+random.IntN(20_000))
		}
		got, err := collect(dial(t, s))
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes instead of %d after %d requests (%v)", len(got), len(want), len(s.Requests), err)
		}
	}
}

func TestALineThatIsCutBeforeEachCheckpointStillBringsEverything(t *testing.T) {
	const size, checkpoint, line = 5 << 20, 1 << 20, 300 << 10
	s := sourcetest.Start(t, site(1))
	s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		a := r.Answer(sourcetest.Cut(w, line))
		first, _ := strconv.Atoi(r.Text("cursor"))
		wanted := checkpoint
		if limit, ok := r.Body["max_bytes"].(float64); ok {
			wanted = int(limit)
		}
		last := min(first+wanted, size)
		a.Frame('D', make([]byte, last-first))
		a.Signed('E', map[string]any{"complete": last == size, "cursor": strconv.Itoa(last)})
		return nil
	}
	got := 0
	err := dial(t, s).Follow(context.Background(), "rows", source.Parameters{}, func(b source.Batch) error {
		got += len(b.Data)
		return nil
	})
	if err != nil || got != size {
		t.Errorf("%d bytes of %d, %v", got, size, err)
	}
}

func TestASourceThatIsAlwaysCutIsGivenUp(t *testing.T) {
	s := sourcetest.Start(t, site(10))
	s.Wrap = func(_ sourcetest.Request, w http.ResponseWriter) http.ResponseWriter { return sourcetest.Cut(w, 20) }
	_, err := collect(dial(t, s))
	wantCode(t, err, job.SourceUnreachable)
}

// silent reads a request, so that the server notices when the client goes away, and says nothing.
func silent(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func TestASilentSourceIsGivenUp(t *testing.T) {
	s := sourcetest.Start(t, site(1))
	s.Config.Handler = http.HandlerFunc(silent)
	_, err := dialWith(t, s, impatient).Preflight(context.Background())
	wantCode(t, err, job.SourceUnreachable)
}

func TestSilenceInTheMiddleIsACut(t *testing.T) {
	s := sourcetest.Start(t, site(3))
	var silences atomic.Int32
	first := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if silences.Add(1) > 1 {
			first.ServeHTTP(w, r)
			return
		}
		_, _ = w.Write([]byte("\x89CMA1"))
		w.(http.Flusher).Flush()
		silent(w, r)
	})
	if data, err := collect(dialWith(t, s, impatient)); err != nil || len(data) == 0 {
		t.Errorf("%d bytes after %d requests, %v", len(data), silences.Load(), err)
	}
}

func TestErrorsOfThePlugin(t *testing.T) {
	for code, want := range map[string]job.Code{
		"bad_request": job.SourceInvalid, "unknown_table": job.SourceChanged, "unknown_endpoint": job.Incompatible,
	} {
		s := sourcetest.Start(t, site(1))
		s.Wrap = failing(code)
		_, err := collect(dial(t, s))
		wantCode(t, err, want)
		if len(s.Requests) != 1 {
			t.Errorf("%s: asked %d times", code, len(s.Requests))
		}
	}
}

func failing(code string) func(sourcetest.Request, http.ResponseWriter) http.ResponseWriter {
	return func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		r.Answer(w).Signed('E', sourcetest.Failure(code))
		return nil
	}
}

func TestAnEndlessPromiseIsRefused(t *testing.T) {
	for name, frames := range map[string]struct {
		kind   byte
		number int
		size   int
	}{"data": {'D', 20, 1 << 20}, "objects": {'J', 20, 1 << 20}, "empty objects": {'J', 1 << 19, 0}} {
		t.Run(name, func(t *testing.T) {
			s := sourcetest.Start(t, site(1))
			s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
				a := r.Answer(w)
				for range frames.number { // no checkpoint
					a.Frame(frames.kind, make([]byte, frames.size))
				}
				a.Signed('E', map[string]any{"complete": true})
				return nil
			}
			err := dial(t, s).Follow(context.Background(), "rows", source.Parameters{}, func(source.Batch) error {
				t.Error("it was believed")
				return nil
			})
			wantCode(t, err, job.SourceInvalid)
		})
	}
}

func TestDefinitionsWithoutEndAreRefused(t *testing.T) {
	s := sourcetest.Start(t, site(1))
	s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		a := r.Answer(w)
		for i := range 100 { // each of them confirmed
			a.JSON(map[string]any{"name": fmt.Sprint("wp_", i), "type": "table", "create": strings.Repeat("x", 1<<20)})
			a.Signed('C', map[string]any{"cursor": fmt.Sprint(i)})
		}
		a.Signed('E', map[string]any{"complete": true})
		return nil
	}
	_, err := dial(t, s).Tables(context.Background())
	wantCode(t, err, job.TooLarge)
}

func TestOneQuestionHasOneAnswer(t *testing.T) {
	s := sourcetest.Start(t, site(1))
	s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		a := r.Answer(w)
		a.JSON(map[string]any{"protocol": 1})
		a.JSON(map[string]any{"protocol": 1})
		a.Signed('E', map[string]any{"complete": true})
		return nil
	}
	_, err := dial(t, s).Preflight(context.Background())
	wantCode(t, err, job.SourceInvalid)
}

func TestLargeCells(t *testing.T) {
	large := strings.Repeat("0123456789", 1000)
	one := site(1)
	one.Tables[0].Cells[0][1] = sourcetest.Large(large)
	s := sourcetest.Start(t, one)
	s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		if r.Number == 1 {
			return sourcetest.Cut(w, 3000)
		}
		return w
	}
	var got bytes.Buffer
	client := dial(t, s)
	if err := client.Cell(context.Background(), "wp_posts", "0/1", int64(len(large)), &got); err != nil || got.String() != large {
		t.Errorf("%d bytes of %d, %v", got.Len(), len(large), err)
	}
	for _, lie := range []int64{-1, 1} {
		wantCode(t, client.Cell(context.Background(), "wp_posts", "0/1", int64(len(large))+lie, &got), job.SourceInvalid)
	}
}

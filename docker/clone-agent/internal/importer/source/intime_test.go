package source

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/job"
)

// slow is a source that answers everything after a while, by the clock of a test's bubble.
type slow struct {
	delay  time.Duration
	status int
	header http.Header
	body   func(context.Context) io.Reader
	asked  int
}

func (s *slow) RoundTrip(request *http.Request) (*http.Response, error) {
	s.asked++
	ctx := request.Context()
	if err := pause(ctx, s.delay); err != nil {
		return nil, err
	}
	body := struct {
		io.Reader
		io.Closer
	}{s.body(ctx), io.NopCloser(nil)}
	return &http.Response{StatusCode: s.status, Status: strconv.Itoa(s.status) + " " + http.StatusText(s.status), Header: s.header, Body: body, Request: request}, nil
}

func page(context.Context) io.Reader {
	return strings.NewReader("<!DOCTYPE html><title>Coming soon</title>" + strings.Repeat("x", 300_000))
}

// drip brings a byte a second, for ever.
type drip struct{ context.Context }

func (d drip) Read(p []byte) (int, error) {
	if err := pause(d, time.Second); err != nil {
		return 0, err
	}
	p[0] = 'x'
	return 1, nil
}

// Whoever ordered a clone hears within 15 seconds why there is none.
func TestASourceThatIsNoneIsToldInTimeAndForWhatItIs(t *testing.T) {
	const promised = 15 * time.Second
	garbage := func(context.Context) io.Reader {
		return strings.NewReader(strings.Repeat("\x89CMA1\r\n\x1a\nJ\xff\xff\xff\xff", 100))
	}
	busy := http.Header{"Retry-After": {"60"}}
	for name, c := range map[string]struct {
		source slow
		want   job.Code
		words  string
	}{
		"HTML at once":              {slow{0, 200, nil, page, 0}, job.SourceInvalid, "does not begin"},
		"HTML after 2 s":            {slow{2 * time.Second, 200, nil, page, 0}, job.SourceInvalid, "does not begin"},
		"HTML after 3 s":            {slow{3 * time.Second, 200, nil, page, 0}, job.SourceInvalid, "does not begin"},
		"HTML after 7 s":            {slow{7 * time.Second, 200, nil, page, 0}, job.SourceInvalid, "does not begin"},
		"garbage after 3 s":         {slow{3 * time.Second, 200, nil, garbage, 0}, job.SourceInvalid, "altered"},
		"nothing after 5 s":         {slow{5 * time.Second, 200, nil, func(context.Context) io.Reader { return strings.NewReader("") }, 0}, job.SourceInvalid, "does not begin"},
		"an unknown page after 5 s": {slow{5 * time.Second, 404, nil, page, 0}, job.SourceRefused, "404"},
		"503":                       {slow{0, 503, nil, page, 0}, job.SourceUnreachable, "503"},
		"503 after 2 s":             {slow{2 * time.Second, 503, nil, page, 0}, job.SourceUnreachable, "503"},
		"503 and come back later":   {slow{0, 503, busy, page, 0}, job.SourceUnreachable, "503"},
		"502 after 4 s":             {slow{4 * time.Second, 502, nil, page, 0}, job.SourceUnreachable, "502"},
		"silence":                   {slow{time.Hour, 200, nil, page, 0}, job.SourceUnreachable, "silent"},
		"a page that never ends":    {slow{0, 200, nil, func(ctx context.Context) io.Reader { return drip{ctx} }, 0}, job.SourceUnreachable, "within"},
		"a login after 6 s":         {slow{6 * time.Second, 401, nil, page, 0}, job.SourceRefused, "401"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, err := New(t.Context(), job.Job{SourceURL: "http://shop.example.com", SourceAddresses: []string{"8.8.8.8"},
					JobKey: strings.Repeat("00", 32)}, Options{})
				if err != nil {
					t.Fatal(err)
				}
				client.http.Transport = &c.source
				began := time.Now()
				_, err = client.Preflight(context.Background())
				if code, detail := failure.Of(err); err == nil || code != c.want || !strings.Contains(detail, c.words) {
					t.Errorf("%s: %s; want %s and %q", code, detail, c.want, c.words)
				}
				if took := time.Since(began); took >= promised {
					t.Errorf("told after %s", took)
				}
				t.Logf("%s after %d requests: %v", time.Since(began), c.source.asked, err)
			})
		})
	}
}

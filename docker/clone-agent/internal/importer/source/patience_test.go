package source_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/importer/sourcetest"
	"clonepool.dev/clone-agent/internal/job"
)

// What a try brings again is nothing new: a source that always stalls at the same byte runs out of patience.
func TestASourceThatAlwaysStallsAtTheSameByteIsGivenUp(t *testing.T) {
	s := sourcetest.Start(t, site(100))
	var tries atomic.Int32
	s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		tries.Add(1)
		return sourcetest.Stall(r, w, 40)
	}
	options := source.Options{Backoff: time.Millisecond, Stall: 50 * time.Millisecond, Patience: 300 * time.Millisecond}
	_, err := collect(dialWith(t, s, options))
	wantCode(t, err, job.SourceUnreachable)
	if n := tries.Load(); n < 2 || n > 8 {
		t.Errorf("asked %d times", n)
	}
}

func TestASourceThatAsksForPatienceGetsIt(t *testing.T) {
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusLoopDetected} {
		s := sourcetest.Start(t, site(50))
		s.Wrap = func(r sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
			if r.Number <= 9 {
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(status)
				return nil
			}
			return w
		}
		if data, err := collect(dial(t, s)); err != nil || len(data) == 0 {
			t.Errorf("%d: %d bytes, %v", status, len(data), err)
		}
	}
}

func TestASourceThatNeverHasTimeIsGivenUp(t *testing.T) {
	s := sourcetest.Start(t, site(1))
	s.Wrap = func(_ sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		w.WriteHeader(http.StatusTooManyRequests)
		return nil
	}
	_, err := collect(dial(t, s))
	wantCode(t, err, job.SourceUnreachable)
	if !strings.Contains(err.Error(), "429") {
		t.Error(err)
	}
}

// busiest is how many requests are at the source at once while six tables are followed.
func busiest(t *testing.T, answer func(number int64, w http.ResponseWriter) bool) int {
	t.Helper()
	s := sourcetest.Start(t, site(5))
	var mu sync.Mutex
	var inside, most int
	var asked atomic.Int64
	first := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !answer(asked.Add(1), w) {
			return
		}
		mu.Lock()
		inside++
		most = max(most, inside)
		mu.Unlock()
		time.Sleep(20 * time.Millisecond)
		first.ServeHTTP(w, r)
		mu.Lock()
		inside--
		mu.Unlock()
	})
	client := dial(t, s)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			if _, err := collect(client); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	return most
}

func TestRequestsAtOnceAreFew(t *testing.T) {
	if n := busiest(t, func(int64, http.ResponseWriter) bool { return true }); n > 4 || n < 2 {
		t.Errorf("%d requests at once", n)
	}
}

func TestASourceThatIsAskedTooMuchIsAskedLess(t *testing.T) {
	n := busiest(t, func(number int64, w http.ResponseWriter) bool {
		if number <= 4 { // the first four come together, and each of them narrows the gate
			w.WriteHeader(http.StatusTooManyRequests)
		}
		return number > 4
	})
	if n != 1 {
		t.Errorf("%d requests at once after the source asked for fewer", n)
	}
}

func TestSlowReceiversAreNotTheSourcesSilence(t *testing.T) {
	s := sourcetest.Start(t, site(3))
	client := dialWith(t, s, source.Options{Backoff: time.Millisecond, Stall: 40 * time.Millisecond, Patience: 60 * time.Millisecond})
	err := client.Follow(context.Background(), "rows", source.Parameters{"table": "wp_posts"}, func(source.Batch) error {
		time.Sleep(100 * time.Millisecond)
		return nil
	})
	if err != nil || len(s.Requests) != 1 {
		t.Errorf("%v after %d requests", err, len(s.Requests))
	}
}

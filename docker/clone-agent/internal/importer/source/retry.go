package source

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/job"
)

const (
	// maxTries without progress before a source is given up whose connections break,
	maxTries = 8
	// maxSpoiled of one that sends what it should not,
	maxSpoiled = 5
	// maxStrange of one that has never answered as the plugin does (a page of HTML is no accident then),
	maxStrange = 2
	// and maxBusy of one that asks for patience, which is alive.
	maxBusy = 12

	longestPause = 3 * time.Second
	longestBusy  = 20 * time.Second
)

// retries counts the tries without progress.
type retries struct {
	client  *Client
	watch   *watch
	failed  int
	spoiled int
	busy    int
	worst   error // the last that came, spoiled before refused: says more than the silence in which a slow one ends
}

func (r *retries) progressed() { r.failed, r.spoiled, r.busy, r.worst = 0, 0, 0, nil }

// again waits before the next try, or says why there is none.
func (r *retries) again(ctx context.Context, err error) error {
	if r.worst != nil && errors.Is(context.Cause(ctx), errLate) {
		return r.client.classify(context.WithoutCancel(ctx), r.worst)
	}
	if !worthRetrying(ctx, err) {
		return r.client.classify(ctx, err)
	}
	wait, given := r.next(err)
	if deadline, set := ctx.Deadline(); set && time.Until(deadline) <= wait {
		given = true // nobody would hear the answer
	}
	if given && r.worst != nil {
		err = r.worst
	}
	if given {
		return r.client.classify(ctx, err)
	}
	return pause(ctx, wait)
}

// next is how long to wait, and whether it is of no use.
func (r *retries) next(err error) (wait time.Duration, givenUp bool) {
	var refused *nonAnswer
	if errors.As(err, &refused) && r.spoiled == 0 {
		r.worst = err
	}
	if errors.As(err, &refused) && refused.busy() {
		r.busy++
		wait = max(refused.after, backoff(r.client.options.Backoff, r.busy, longestBusy/4))
		wait = min(wait, longestBusy)
		r.watch.excuse(wait)
		return wait, r.busy >= maxBusy
	}
	if errors.Is(err, errNoAnswer) || errors.Is(err, errForged) {
		r.spoiled++
		r.worst = err
	}
	r.failed++
	strange := errors.Is(err, errNoAnswer) && !r.client.known.Load() && r.spoiled >= maxStrange
	givenUp = strange || r.failed >= maxTries || r.spoiled >= maxSpoiled || r.watch.exhausted()
	wait = backoff(r.client.options.Backoff, r.failed, longestPause)
	r.watch.excuse(wait) // a pause of ours is no silence of the source
	return wait, givenUp
}

// backoff doubles with each try.
func backoff(first time.Duration, tries int, longest time.Duration) time.Duration {
	return min(first<<min(tries-1, 10), longest)
}

// worthRetrying says whether the same request may fare better in a moment.
func worthRetrying(ctx context.Context, err error) bool {
	var known *failure.Failure
	var mine receiverError
	var answered *AnswerError
	var refused *nonAnswer
	switch {
	case ctx.Err() != nil, errors.As(err, &known), errors.As(err, &mine):
		return false
	case errors.As(err, &answered):
		return answered.Code == "database_error" || answered.Code == "internal"
	case errors.As(err, &refused):
		return refused.status >= http.StatusInternalServerError || refused.busy()
	}
	return true
}

// classify gives an error its code.
func (c *Client) classify(ctx context.Context, err error) error {
	var mine receiverError
	var answered *AnswerError
	var refused *nonAnswer
	var known *failure.Failure
	switch {
	case errors.As(err, &mine):
		return mine.error
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &known):
		return known
	case errors.As(err, &answered):
		return failure.New(answeredCode(answered.Code), "%w", answered)
	case errors.As(err, &refused) && refused.status < http.StatusInternalServerError && !refused.busy():
		return failure.New(job.SourceRefused, "%s", refused.detail)
	case errors.Is(err, errNoAnswer):
		return failure.New(job.SourceInvalid, "%w: something else answers at its address; install and activate the custom-migrator plugin,"+
			" and keep page caches, logins and firewalls away from /wp-json/custom-migrator/", err)
	case errors.Is(err, errForged):
		return failure.New(job.SourceInvalid, "%w: something between the source and the clone changes what is sent (a proxy, a plugin that prints or compresses)", err)
	}
	return failure.New(job.SourceUnreachable, "the source cannot be read: %w; check that the site is up and that its firewall lets the cluster in", err)
}

// answeredCode translates the plugin's error codes.
func answeredCode(code string) job.Code {
	switch code {
	case "unknown_table", "unknown_root", "cell_changed":
		return job.SourceChanged
	case "unknown_endpoint":
		return job.Incompatible
	}
	return job.SourceInvalid
}

// nonAnswer is a response that is not one of the protocol.
type nonAnswer struct {
	status int
	detail string
	after  time.Duration // how long the source asks to wait
}

func (n *nonAnswer) Error() string { return n.detail }

// busy says whether the source is there and asked too much: by its own words, or those of its host (508).
func (n *nonAnswer) busy() bool {
	return n.status == http.StatusTooManyRequests || n.status == http.StatusServiceUnavailable || n.status == http.StatusLoopDetected
}

func retryAfter(response *http.Response) time.Duration {
	text := response.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(max(0, min(seconds, 3600))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

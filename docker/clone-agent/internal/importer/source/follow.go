package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/job"
)

const (
	// tries without progress before the source is given up.
	maxTries = 5
	// maxUnconfirmed bounds what is kept until a checkpoint; the source promises one each MiB.
	maxUnconfirmed = 16 << 20
	// frameCost is what keeping an empty frame takes.
	frameCost = 64
)

// Parameters of a request; cursor is set by Follow.
type Parameters map[string]any

// Batch is what one checkpoint confirmed.
type Batch struct {
	Objects []json.RawMessage
	Data    []byte // whole records; owned by the receiver
	Meta    json.RawMessage
	End     bool // the last batch of an answer (not necessarily of the whole)
}

// Receiver takes confirmed batches in order. Its error ends the request and is returned by Follow as it is.
type Receiver func(Batch) error

// checkpoint is the JSON of a C or E frame.
type checkpoint struct {
	Complete bool    `json:"complete"`
	Cursor   *string `json:"cursor"`
	Error    *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// AnswerError is an error that the plugin reported in a sound answer.
type AnswerError struct {
	Endpoint, Code, Message string
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("the source answered %s with %s: %s", e.Endpoint, e.Code, e.Message)
}

// receiverError marks an error that a retry cannot help.
type receiverError struct{ error }

func (e receiverError) Unwrap() error { return e.error }

// Follow asks an endpoint until its answer is complete, going on from the last checkpoint after each answer and each cut.
func (c *Client) Follow(ctx context.Context, endpoint string, parameters Parameters, receive Receiver) error {
	parameters = maps.Clone(parameters)
	for failures := 0; ; {
		progressed, complete, err := c.once(ctx, endpoint, parameters, receive)
		if progressed {
			failures = 0
		}
		switch {
		case err == nil && complete:
			return nil
		case err == nil && progressed:
			continue
		case err == nil:
			err = errors.New("the source makes no progress")
		}
		failures++
		if failures >= maxTries || !worthRetrying(ctx, err) {
			return c.classify(ctx, err)
		}
		if err := pause(ctx, c.options.Backoff<<(failures-1)); err != nil {
			return err
		}
	}
}

// once sends one request. The cursor in parameters moves with every checkpoint.
func (c *Client) once(ctx context.Context, endpoint string, parameters Parameters, receive Receiver) (progressed, complete bool, err error) {
	err = c.request(ctx, endpoint, parameters, func(frames *frameReader) error {
		var batch Batch
		unconfirmed := 0
		for {
			kind, payload, err := frames.next()
			if err != nil {
				return err
			}
			switch kind {
			case frameJSON:
				batch.Objects = append(batch.Objects, append(json.RawMessage(nil), payload...))
			case frameData:
				batch.Data = append(batch.Data, payload...)
			case frameCheckpoint, frameEnd:
				point, err := confirm(endpoint, kind, payload, &batch, receive)
				if err != nil {
					return err
				}
				progressed = progressed || (point.Cursor != nil && parameters["cursor"] != *point.Cursor)
				if point.Cursor != nil {
					parameters["cursor"] = *point.Cursor
				}
				if kind == frameEnd {
					complete = point.Complete
					return nil
				}
				batch, unconfirmed = Batch{}, 0
				continue
			}
			if unconfirmed += len(payload) + frameCost; unconfirmed > maxUnconfirmed {
				return fmt.Errorf("%w: no checkpoint in %d bytes", errForged, unconfirmed)
			}
		}
	})
	return progressed, complete, err
}

// confirm hands over what a checkpoint covers.
func confirm(endpoint string, kind byte, payload []byte, batch *Batch, receive Receiver) (checkpoint, error) {
	var point checkpoint
	if err := json.Unmarshal(payload, &point); err != nil {
		return point, fmt.Errorf("%w: %w", errForged, err)
	}
	if point.Error != nil {
		return point, &AnswerError{endpoint, point.Error.Code, point.Error.Message}
	}
	batch.Meta = append(json.RawMessage(nil), payload...)
	batch.End = kind == frameEnd
	if err := receive(*batch); err != nil {
		return point, receiverError{err}
	}
	return point, nil
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
		return refused.status >= http.StatusInternalServerError || refused.status == http.StatusTooManyRequests
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
	case errors.As(err, &refused) && refused.status < http.StatusInternalServerError && refused.status != http.StatusTooManyRequests:
		return failure.New(job.SourceRefused, "%s", refused.detail)
	case errors.Is(err, errNoAnswer), errors.Is(err, errForged):
		return failure.New(job.SourceInvalid, "%w", err)
	}
	return failure.New(job.SourceUnreachable, "the source cannot be read: %w", err)
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

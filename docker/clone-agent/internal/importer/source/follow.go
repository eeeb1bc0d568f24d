package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"
)

const (
	// maxUnconfirmed bounds what each of four streams keeps until a checkpoint. The source promises one each MiB, behind the
	// frame (of at most four) that ends it.
	maxUnconfirmed = 8 << 20
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
	Cursor  *string // where a request goes on behind this batch; nil at the end of the whole
	End     bool    // the last batch of an answer (not necessarily of the whole)
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
// It waits for one of the places that the source has for a client's streams.
func (c *Client) Follow(ctx context.Context, endpoint string, parameters Parameters, receive Receiver) error {
	return c.follow(ctx, endpoint, parameters, receive, c.gate)
}

// FollowAtOnce is Follow for something small that others wait for: it needs no place.
func (c *Client) FollowAtOnce(ctx context.Context, endpoint string, parameters Parameters, receive Receiver) error {
	return c.follow(ctx, endpoint, parameters, receive, newGate(1))
}

// Together asks once for the rows of several small tables, which then come one after the other. Nothing is tried again:
// what has not come by the answer's end must be asked for by itself, and so says what is wrong.
func (c *Client) Together(ctx context.Context, tables []string, receive Receiver) {
	if c.gate.enter(ctx) != nil {
		return
	}
	defer c.gate.leave()
	f := &following{client: c, endpoint: "rows", parameters: Parameters{"tables": tables}, receive: receive, watch: newWatch(c.options)}
	_, _, _ = f.once(ctx)
}

func (c *Client) follow(ctx context.Context, endpoint string, parameters Parameters, receive Receiver, through *gate) error {
	f := &following{client: c, endpoint: endpoint, parameters: maps.Clone(parameters), receive: receive, watch: newWatch(c.options)}
	tries := retries{client: c, watch: f.watch}
	var size portion
	for {
		waited := time.Now()
		if err := through.enter(ctx); err != nil {
			return err
		}
		f.watch.excuse(time.Since(waited))
		progressed, complete, err := f.once(ctx)
		through.leave()
		if progressed {
			tries.progressed()
		}
		switch {
		case err == nil && complete:
			return nil
		case err == nil && progressed:
			size.arrived(f.parameters)
			continue
		case err == nil:
			err = errors.New("the source makes no progress")
		}
		if !progressed {
			size.lost(f.parameters)
		}
		if err := tries.again(ctx, err); err != nil {
			return err
		}
	}
}

// following is one endpoint that is followed. The cursor in parameters moves with every checkpoint.
type following struct {
	client     *Client
	endpoint   string
	parameters Parameters
	receive    Receiver
	watch      *watch
}

// once sends one request.
func (f *following) once(ctx context.Context) (progressed, complete bool, err error) {
	err = f.client.request(ctx, f.endpoint, f.parameters, f.watch, func(frames *frameReader) error {
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
				point, moved, err := f.confirm(kind, payload, &batch)
				progressed = progressed || moved
				if err != nil {
					return err
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

// confirm hands over what a checkpoint covers, and says whether it moved the cursor.
func (f *following) confirm(kind byte, payload []byte, batch *Batch) (point checkpoint, moved bool, err error) {
	if err := json.Unmarshal(payload, &point); err != nil {
		return point, false, fmt.Errorf("%w: %w", errForged, err)
	}
	f.client.known.Store(true)
	if point.Error != nil {
		return point, false, &AnswerError{f.endpoint, point.Error.Code, point.Error.Message}
	}
	batch.Meta = append(json.RawMessage(nil), payload...)
	batch.End = kind == frameEnd
	batch.Cursor = point.Cursor
	f.watch.confirmed()
	defer f.watch.resume()
	if err := f.receive(*batch); err != nil {
		return point, false, receiverError{err}
	}
	if point.Cursor == nil {
		return point, false, nil
	}
	moved = f.parameters["cursor"] != *point.Cursor
	f.parameters["cursor"] = *point.Cursor
	return point, moved, nil
}

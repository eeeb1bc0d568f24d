package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/job"
)

// preflightLimit is how long a source may take to say what it is: whoever ordered the clone waits for a yes or no.
const preflightLimit = 13 * time.Second

// errLate: the time of preflight is over.
var errLate = errors.New("the source did not say what it is")

// Preflight asks what the source is, and finds the spelling of the address by which the plugin is reached.
func (c *Client) Preflight(ctx context.Context) (*Preflight, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, preflightLimit, failure.New(job.SourceUnreachable,
		"%w within %s; check that the site is up and not overloaded", errLate, preflightLimit))
	defer cancel()
	var first error
	for _, way := range ways {
		c.mu.Lock()
		c.way = way
		c.mu.Unlock()
		var answer Preflight
		err := c.object(ctx, "preflight", Parameters{"files_seconds": 1}, &answer)
		if err == nil {
			return &answer, checkProtocol(&answer)
		}
		if first == nil {
			first = err
		}
		if code, _ := failure.Of(err); code != job.SourceRefused && code != job.SourceInvalid {
			return nil, first
		}
	}
	return nil, first
}

func checkProtocol(answer *Preflight) error {
	if answer.Protocol != Protocol {
		return failure.New(job.Incompatible, "the plugin on the source (%s) speaks protocol %d, this clone %d: update the older one",
			answer.PluginVersion, answer.Protocol, Protocol)
	}
	if answer.Site.Home == "" || answer.Database.Prefix == "" {
		return failure.New(job.SourceInvalid, "the source does not say its address or its table prefix")
	}
	return nil
}

// object reads an answer of one JSON object.
func (c *Client) object(ctx context.Context, endpoint string, parameters Parameters, into any) error {
	found := false
	err := c.Follow(ctx, endpoint, parameters, func(b Batch) error {
		for _, object := range b.Objects {
			if found { // each would overwrite the one before, for as long as the source likes
				return failure.New(job.SourceInvalid, "%s: more than one answer", endpoint)
			}
			if err := json.Unmarshal(object, into); err != nil {
				return failure.New(job.SourceInvalid, "%s: %w", endpoint, err)
			}
			found = true
		}
		return nil
	})
	if err == nil && !found {
		return failure.New(job.SourceInvalid, "%s: an empty answer", endpoint)
	}
	return err
}

// What a source may define: networks of hundreds of sites have some thousand tables of a kilobyte or two.
const (
	maxTables      = 20_000
	maxDefinitions = 64 << 20
)

// Tables asks for all definitions, tables before views.
func (c *Client) Tables(ctx context.Context) ([]Table, error) {
	var tables []Table
	bytes := 0
	err := c.Follow(ctx, "tables", Parameters{}, func(b Batch) error {
		for _, object := range b.Objects {
			var table Table
			if err := json.Unmarshal(object, &table); err != nil {
				return failure.New(job.SourceInvalid, "tables: %w", err)
			}
			tables = append(tables, table)
			if bytes += len(object); len(tables) > maxTables || bytes > maxDefinitions {
				return failure.New(job.TooLarge, "the source defines more than %d tables, or takes more than %d bytes to do so", maxTables, maxDefinitions)
			}
		}
		return nil
	})
	return tables, err
}

// ErrCellChanged: the row of a large cell is no longer as it was read.
var ErrCellChanged = errors.New("the cell changed while it was read")

// Cell writes a large cell to w; it must turn out to be length bytes long.
func (c *Client) Cell(ctx context.Context, table, token string, length int64, w io.Writer) error {
	var done int64
	// The rows around the cell hold a place already, and wait for it.
	err := c.FollowAtOnce(ctx, "rows", Parameters{"table": table, "cell": token}, func(b Batch) error {
		done += int64(len(b.Data))
		if done > length {
			return failure.New(job.SourceInvalid, "a cell of %s is longer than it claimed", table)
		}
		_, err := w.Write(b.Data)
		return err
	})
	var answered *AnswerError
	switch {
	case errors.As(err, &answered) && answered.Code == "cell_changed":
		return fmt.Errorf("%w: %s", ErrCellChanged, answered.Message)
	case err == nil && done != length:
		return failure.New(job.SourceInvalid, "a cell of %s has %d bytes, not %d", table, done, length)
	}
	return err
}

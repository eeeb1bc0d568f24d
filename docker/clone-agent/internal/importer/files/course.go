package files

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"clonepool.dev/clone-agent/internal/importer/source"
)

// saveEvery is how often positions are kept on disk.
const saveEvery = time.Second

// Part is how far one stream is. With it another agent goes on where this one was killed.
type Part struct {
	Root     string   `json:"root"`
	Number   int      `json:"number,omitempty"` // of the parts into which the root is cut
	Cursor   *string  `json:"cursor,omitempty"`
	Begun    *Begun   `json:"begun,omitempty"`
	Read     bool     `json:"read,omitempty"`    // to its end; what changed meanwhile is left
	Changed  []string `json:"changed,omitempty"` // to be taken again
	Complete bool     `json:"complete,omitempty"`

	Report  Report `json:"report"`
	Entries int64  `json:"entries"` // that the source has named
	Bytes   int64  `json:"bytes"`   // that it has sent
}

// Begun is a file that is there up to an offset.
type Begun struct {
	Path   []byte `json:"path"` // relative to the tree; not always UTF-8
	Offset int64  `json:"offset"`
}

// course keeps how far several streams are: in memory with each checkpoint, now and then on disk.
type course struct {
	save func([]Part) error

	saving  sync.Mutex
	mu      sync.Mutex
	parts   []Part
	savedAt time.Time
}

func (c *course) at(place int) Part {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.parts[place]
}

func (c *course) now() []Part {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.parts)
}

// moved keeps a stream's position.
func (c *course) moved(place int, part Part) error {
	c.mu.Lock()
	c.parts[place] = part
	due := time.Since(c.savedAt) >= saveEvery
	if due {
		c.savedAt = time.Now()
	}
	c.mu.Unlock()
	if !due {
		return nil
	}
	return c.keep()
}

// keep saves all positions.
func (c *course) keep() error {
	c.saving.Lock()
	defer c.saving.Unlock()
	return c.save(c.now())
}

// tasks are the streams that are not complete.
func (c *course) tasks(roots []source.Root) (tasks []task) {
	parts := map[string]int{}
	for _, part := range c.parts {
		parts[part.Root]++
	}
	for place, part := range c.parts {
		for _, root := range roots {
			if root.Name == part.Root && !part.Complete {
				tasks = append(tasks, task{root, part.Number, parts[part.Root], place})
			}
		}
	}
	return tasks
}

// bring takes one stream from where it is to its end, and then once more what changed meanwhile.
func (c *course) bring(ctx context.Context, w *writer, t task) error {
	from := c.at(t.place)
	w.changed = slices.Clone(from.Changed)
	if !from.Read {
		err := c.follow(ctx, w, t, from.Cursor)
		if from.Cursor != nil && ctx.Err() == nil && lostPosition(err) {
			w.release()
			w.account.clear()
			w.changed = nil
			err = c.follow(ctx, w, t, nil)
		}
		if err != nil {
			return err
		}
	}
	if err := w.changedAgain(ctx, t.root); err != nil {
		return err
	}
	return c.moved(t.place, w.position(t, Part{Complete: true}))
}

// lostPosition says whether a position of a former agent is good no more, so that the part begins anew; what is there stays.
func lostPosition(err error) bool {
	var answered *source.AnswerError
	return errors.Is(err, errMiddle) || errors.As(err, &answered) && answered.Code == "bad_request"
}

func (c *course) follow(ctx context.Context, w *writer, t task, cursor *string) error {
	parameters := t.parameters()
	if cursor != nil {
		parameters["cursor"] = *cursor
	}
	return w.copier.Client.Follow(ctx, "files", parameters, func(batch source.Batch) error {
		if err := w.records(batch.Data); err != nil {
			return err
		}
		return c.moved(t.place, w.position(t, Part{Cursor: batch.Cursor, Read: batch.Cursor == nil && batch.End}))
	})
}

// position completes a Part by what the writer knows.
func (w *writer) position(t task, part Part) Part {
	part.Root, part.Number, part.Changed = t.root.Name, t.part, slices.Clone(w.changed)
	part.Report, part.Entries, part.Bytes = w.account.now(), w.account.entries, w.account.bytes
	if w.open && w.file != nil {
		part.Begun = &Begun{[]byte(w.current.path), w.offset}
	}
	return part
}

package files

import (
	"context"
	"errors"
	"fmt"
	"path"
	"sync"
	"unicode/utf8"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/job"
)

const (
	// aheadAtOnce bounds the files that are fetched because somebody asked for them,
	aheadAtOnce = 2
	// aheadBytes the size of each,
	aheadBytes = 64 << 20
	// aheadWaiting those who wait for one,
	aheadWaiting = 6 // Apache has ten processes, and pages are to be served meanwhile
	// aheadTotal all of them: the site's own code can ask too, and delete what it got,
	aheadTotal = 1 << 30
	// and maxAbsent the names that are known to be at the source neither.
	maxAbsent = 1000
)

// ErrBusy: too many files are asked for at once; the file comes with the rest.
var ErrBusy = errors.New("too many files are asked for at once")

// errLarge: the file is not one to wait for.
var errLarge = errors.New("the file is too large to be fetched ahead of the others")

// ahead is what is fetched ahead of the back-fill.
type ahead struct {
	mu      sync.Mutex
	waiting int
	places  chan int        // the numbers of free places
	absent  map[string]bool // asked for, and not at the source
	coming  map[string]chan struct{}
	spent   int64
}

// Fetch takes one file of the tree now, and says whether it is there. The name is a visitor's: it is only ever a file of this
// tree, below what the source sends anyway.
func (b *Backfill) Fetch(ctx context.Context, name string) (bool, error) {
	if checkPath(name) != nil || !utf8.ValidString(name) || isOurs(path.Join(b.Root.Target, name)) {
		return false, nil
	}
	for {
		if b.present(name) {
			return true, nil
		}
		coming, mine, err := b.ahead.ask(name)
		if err != nil || coming == nil {
			return false, err
		}
		if mine {
			found, err := b.present(name), error(nil) // it may have come between the two questions
			if !found {
				found, err = b.fetch(ctx, name)
			}
			b.ahead.answered(name, found, err)
			return found, err
		}
		select { // somebody else fetches it
		case <-coming:
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
		if b.ahead.isAbsent(name) {
			return false, nil
		}
	}
}

func (b *Backfill) present(name string) bool {
	info, err := b.Copier.Root.Stat(path.Join(b.Root.Target, name))
	return err == nil && info.Mode().IsRegular()
}

// ask finds out whether a file is to be fetched by the caller (mine), by another, or (nil) not at all.
func (a *ahead) ask(name string) (coming chan struct{}, mine bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.absent[name] {
		return nil, false, nil
	}
	if coming, ok := a.coming[name]; ok {
		return coming, false, nil
	}
	if a.waiting >= aheadWaiting {
		return nil, false, ErrBusy
	}
	if a.coming == nil {
		a.coming, a.places = map[string]chan struct{}{}, make(chan int, aheadAtOnce)
		for place := range aheadAtOnce {
			a.places <- place
		}
	}
	a.waiting++
	coming = make(chan struct{})
	a.coming[name] = coming
	return coming, true, nil
}

func (a *ahead) answered(name string, found bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting--
	close(a.coming[name])
	delete(a.coming, name)
	if found || err != nil {
		return
	}
	if a.absent == nil || len(a.absent) >= maxAbsent {
		a.absent = map[string]bool{}
	}
	a.absent[name] = true
}

func (a *ahead) isAbsent(name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.absent[name]
}

func (b *Backfill) fetch(ctx context.Context, name string) (found bool, err error) {
	var place int
	select {
	case place = <-b.ahead.places:
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	defer func() { b.ahead.places <- place }()
	// Its own books: the file is counted when the back-fill comes to it.
	one := &Copier{Client: b.Copier.Client, Root: b.Copier.Root, Spend: b.ahead.allowance()}
	staged := newStaging(b.Volume, b.Copier.Root, path.Join(b.Folder, fmt.Sprintf("ahead-%d", place)), b.Docroot)
	w := &writer{copier: one, account: one.open(Part{}), target: b.Root.Target, place: staged}
	defer w.close()
	w.arrived = func(arrived string) { found = found || arrived == name }
	parameters := source.Parameters{"root": b.Root.Name, "paths": []string{name}}
	err = one.Client.FollowAtOnce(ctx, "files", parameters, func(batch source.Batch) error { return w.records(batch.Data) })
	if errors.Is(err, errLarge) {
		_ = b.Volume.Remove(staged.file)
	}
	return found || b.present(name), err
}

// allowance is what one file may cost.
func (a *ahead) allowance() func(int64) error {
	left := int64(aheadBytes)
	return func(bytes int64) error {
		a.mu.Lock()
		defer a.mu.Unlock()
		left, a.spent = left-bytes, a.spent+bytes
		if left < 0 || a.spent > aheadTotal {
			return failure.New(job.TooLarge, "%w", errLarge)
		}
		return nil
	}
}

package source

import (
	"context"
	"sync"
)

// requestsAtOnce bounds what one import asks of its source side by side: tables and files together. A web server of a
// small site has five or ten processes, and its visitors want some of them.
const requestsAtOnce = 4

// gate lets a bounded number of requests through. A source that says it is asked too much gets half as many, for good.
type gate struct {
	mu     sync.Mutex
	limit  int
	inside int
	left   chan struct{} // closed whenever a place may have become free
}

func newGate(limit int) *gate { return &gate{limit: limit, left: make(chan struct{})} }

// enter waits for a place.
func (g *gate) enter(ctx context.Context) error {
	for {
		g.mu.Lock()
		if g.inside < g.limit {
			g.inside++
			g.mu.Unlock()
			return nil
		}
		left := g.left
		g.mu.Unlock()
		select {
		case <-left:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	close(g.left)
	g.left = make(chan struct{})
}

// narrow halves the number of places. Requests that are inside finish.
func (g *gate) narrow() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limit = max(1, g.limit/2)
}

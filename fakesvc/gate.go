package fakesvc

import (
	"context"
	"sync"
)

// gate is open unless something keeps it closed. Its zero value is open.
type gate struct {
	mu      sync.Mutex
	closed  int           // by how many
	opened  chan struct{} // closed when the gate opens; nil while it is open
	closing chan struct{} // closed when the gate closes; nil while nobody asks
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed++; g.closed > 1 {
		return
	}
	g.opened = make(chan struct{})
	if g.closing != nil {
		close(g.closing)
		g.closing = nil
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed--; g.closed == 0 {
		close(g.opened)
		g.opened = nil
	}
}

func (g *gate) isClosed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed > 0
}

// wait returns when the gate is open, or with ctx's error.
func (g *gate) wait(ctx context.Context) error {
	g.mu.Lock()
	opened := g.opened
	g.mu.Unlock()
	if opened == nil {
		return nil
	}
	select {
	case <-opened:
		return g.wait(ctx) // something else may keep it closed by now
	case <-ctx.Done():
		return ctx.Err()
	}
}

// whileOpen returns a context that ends with ctx, and when the gate closes.
func (g *gate) whileOpen(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed > 0 {
		cancel()
		return ctx, cancel
	}
	if g.closing == nil {
		g.closing = make(chan struct{})
	}
	closing := g.closing
	go func() {
		select {
		case <-closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

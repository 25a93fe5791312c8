package asyncreplicated

import (
	"context"
	"sync"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/internal/bus"
)

// progress is how far a copy is: by partition, the position after what is applied. The
// zero value is at the beginning.
type progress struct {
	mu    sync.Mutex
	next  map[int]bus.Position
	moved chan struct{} // closed at the next advance; nil where nobody waits

	since    time.Time         // when it began
	reading  fakesvc.Bootstrap // until it has caught up
	isCaught bool
}

// begin is where the progress goes on after a start of the process.
func (p *progress) begin(next map[int]bus.Position) {
	p.advance(next, nil)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.since = time.Now()
}

// caughtUp ends the bootstrap, the first time.
func (p *progress) caughtUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.isCaught {
		p.isCaught, p.reading.Took = true, time.Since(p.since)
	}
}

func (p *progress) bootstrap() (b fakesvc.Bootstrap) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isCaught {
		b = p.reading
	}
	return b
}

// advance moves the progress forward, never back, but for rewind: these events are
// applied.
func (p *progress) advance(next map[int]bus.Position, events []bus.Delivery) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range events {
		if p.isCaught {
			break
		}
		p.reading.Events++
		p.reading.Bytes += int64(len(d.Event.Key) + len(d.Event.Data))
	}
	if p.next == nil {
		p.next = make(map[int]bus.Position)
	}
	for partition, at := range next {
		if at.Next > p.next[partition].Next {
			p.next[partition] = at
		}
	}
	if p.moved != nil {
		close(p.moved)
		p.moved = nil
	}
}

// rewind begins anew in a partition.
func (p *progress) rewind(partition int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.next, partition)
}

// has tells whether an offset of a partition is applied.
func (p *progress) has(partition int, offset int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return offset < p.next[partition].Next
}

// await returns when the progress is as far as enough says.
func (p *progress) await(ctx context.Context, enough func(next map[int]bus.Position) bool) error {
	for {
		p.mu.Lock()
		if enough(p.next) {
			p.mu.Unlock()
			return nil
		}
		if p.moved == nil {
			p.moved = make(chan struct{})
		}
		moved := p.moved
		p.mu.Unlock()
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// sums tells whether so many events are behind the positions: none is ahead of
// what was published.
func sums(events int64) func(next map[int]bus.Position) bool {
	return func(next map[int]bus.Position) bool {
		sum := int64(0)
		for _, at := range next {
			sum += at.Next
		}
		return sum >= events
	}
}

func reaches(end map[int]int64) func(next map[int]bus.Position) bool {
	return func(next map[int]bus.Position) bool {
		for partition, offset := range end {
			if next[partition].Next < offset {
				return false
			}
		}
		return true
	}
}

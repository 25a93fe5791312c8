package asyncreplicated

import (
	"context"
	"sync"
)

// progress is how far a copy is: by partition, the first offset that is not
// applied. The zero value is at the beginning.
type progress struct {
	mu    sync.Mutex
	next  map[int]int64
	moved chan struct{} // closed at the next advance; nil where nobody waits
}

// advance moves the progress forward, never back.
func (p *progress) advance(next map[int]int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next == nil {
		p.next = make(map[int]int64)
	}
	for partition, offset := range next {
		p.next[partition] = max(offset, p.next[partition])
	}
	if p.moved != nil {
		close(p.moved)
		p.moved = nil
	}
}

// has tells whether an offset of a partition is applied.
func (p *progress) has(partition int, offset int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return offset < p.next[partition]
}

// await returns when the progress is as far as enough says.
func (p *progress) await(ctx context.Context, enough func(next map[int]int64) bool) error {
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
func sums(events int64) func(next map[int]int64) bool {
	return func(next map[int]int64) bool {
		sum := int64(0)
		for _, offset := range next {
			sum += offset
		}
		return sum >= events
	}
}

func reaches(end map[int]int64) func(next map[int]int64) bool {
	return func(next map[int]int64) bool {
		for partition, offset := range end {
			if next[partition] < offset {
				return false
			}
		}
		return true
	}
}

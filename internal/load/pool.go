package load

import "sync"

// pool runs operations side by side, at most limit at once. What is submitted
// while all workers are busy waits its turn: it is late, and its latency says so.
//
// Which operations they are is asked of next, in order, when they are begun. So
// those that wait are only counted, and however many they are, they take no memory.
type pool[T any] struct {
	next  func() T
	do    func(T)
	limit int

	mu      sync.Mutex
	idle    []chan T
	workers int
	waiting int64
	closed  bool
	done    sync.WaitGroup
}

func newPool[T any](limit int, next func() T, do func(T)) *pool[T] {
	return &pool[T]{next: next, do: do, limit: limit}
}

// submit has the next operation done as soon as a worker is free, and reports
// whether none is. It never waits.
func (p *pool[T]) submit() (waits bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case len(p.idle) > 0:
		// The worker that finished last: its stack and caches are the warmest.
		last := len(p.idle) - 1
		p.idle[last] <- p.next() // has room: an idle worker's channel is empty
		p.idle = p.idle[:last]
	case p.workers < p.limit:
		p.workers++
		op := p.next()
		p.done.Go(func() { p.work(op) })
	default:
		p.waiting++
		return true
	}
	return false
}

func (p *pool[T]) work(op T) {
	next := make(chan T, 1)
	for {
		p.do(op)
		ok := false
		if op, ok = p.following(next); !ok {
			return
		}
	}
}

// following returns the worker's next operation; not ok at the end.
func (p *pool[T]) following(next chan T) (op T, ok bool) {
	p.mu.Lock()
	if p.waiting > 0 {
		p.waiting--
		op = p.next()
		p.mu.Unlock()
		return op, true
	}
	if p.closed {
		p.mu.Unlock()
		return op, false
	}
	p.idle = append(p.idle, next)
	p.mu.Unlock()
	op, ok = <-next
	return op, ok
}

// drop takes back what has not been begun, and returns how many operations that
// was. They are the ones that next would return from now on.
func (p *pool[T]) drop() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	dropped := p.waiting
	p.waiting = 0
	return dropped
}

// wait returns when all that was submitted, and not dropped, is done. Nothing
// may be submitted after it.
func (p *pool[T]) wait() {
	p.mu.Lock()
	p.closed = true
	for _, next := range p.idle {
		close(next)
	}
	p.idle = nil
	p.mu.Unlock()
	p.done.Wait()
}

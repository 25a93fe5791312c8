package load

import "sync"

// pool runs operations side by side, at most limit at once. What comes while all
// workers are busy waits its turn: it is late, and its latency says so.
type pool[T any] struct {
	do    func(T)
	limit int

	mu      sync.Mutex
	idle    []chan T
	workers int
	backlog []T
	waited  int64
	closed  bool
	done    sync.WaitGroup
}

func newPool[T any](limit int, do func(T)) *pool[T] {
	return &pool[T]{do: do, limit: limit}
}

// submit has op done as soon as a worker is free. It never waits.
func (p *pool[T]) submit(op T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case len(p.idle) > 0:
		// The worker that finished last: its stack and caches are the warmest.
		last := len(p.idle) - 1
		p.idle[last] <- op // has room: an idle worker's channel is empty
		p.idle = p.idle[:last]
	case p.workers < p.limit:
		p.workers++
		p.done.Go(func() { p.work(op) })
	default:
		p.waited++
		p.backlog = append(p.backlog, op)
	}
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
	if len(p.backlog) > 0 {
		op, p.backlog = p.backlog[0], p.backlog[1:]
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

// drop takes back what has not been begun, and returns how much that was.
func (p *pool[T]) drop() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	dropped := len(p.backlog)
	p.backlog = nil
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

// hadToWait is how many operations found no worker free.
func (p *pool[T]) hadToWait() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waited
}

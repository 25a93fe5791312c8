package fakesvc

import (
	"sync"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/record"
)

// feed carries what became visible to those who watch. The sender never waits:
// a slow watcher must not slow the replica that it watches.
type feed struct {
	mu       sync.Mutex
	watchers map[*watcher]struct{}
}

type watcher struct {
	pending []*fakesvcpb.WatchResponse
	more    chan struct{}
}

func (f *feed) watch() *watcher {
	w := &watcher{more: make(chan struct{}, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.watchers == nil {
		f.watchers = make(map[*watcher]struct{})
	}
	f.watchers[w] = struct{}{}
	return w
}

func (f *feed) leave(w *watcher) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.watchers, w)
}

func (f *feed) send(consumer, service string, records []record.Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for w := range f.watchers {
		for _, r := range records {
			w.pending = append(w.pending, &fakesvcpb.WatchResponse{
				Consumer: consumer, Service: service, Key: uint64(r.Key), Version: r.Version,
			})
		}
		select {
		case w.more <- struct{}{}:
		default:
		}
	}
}

func (f *feed) take(w *watcher) []*fakesvcpb.WatchResponse {
	f.mu.Lock()
	defer f.mu.Unlock()
	taken := w.pending
	w.pending = nil
	return taken
}

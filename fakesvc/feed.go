package fakesvc

import (
	"sync"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/record"
)

// feed carries what became visible, or is lost, to those who watch. The sender never waits:
// a slow watcher must not slow the replica that it watches.
type feed struct {
	mu       sync.Mutex
	watchers map[*watcher]struct{}
	// unheard is what was lost while nobody watched, as when the process was started again
	// and the driver does not know yet. What became visible is in the replica.
	unheard []*fakesvcpb.WatchResponse
}

type watcher struct {
	pending []*fakesvcpb.WatchResponse
	more    chan struct{}
}

func (f *feed) watch() *watcher {
	w := &watcher{more: make(chan struct{}, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	w.tell(f.unheard)
	f.unheard = nil
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
	news := make([]*fakesvcpb.WatchResponse, len(records))
	for i, r := range records {
		news[i] = &fakesvcpb.WatchResponse{Consumer: consumer, Service: service, Key: uint64(r.Key), Version: r.Version}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.spread(news)
}

func (f *feed) lose(consumer, service string, key record.Key, version uint64) {
	lost := []*fakesvcpb.WatchResponse{{Consumer: consumer, Service: service, Key: uint64(key), Version: version, Lost: true}}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.spread(lost); len(f.watchers) == 0 {
		f.unheard = append(f.unheard, lost...)
	}
}

// spread is called with mu held.
func (f *feed) spread(news []*fakesvcpb.WatchResponse) {
	for w := range f.watchers {
		w.tell(news)
	}
}

func (w *watcher) tell(news []*fakesvcpb.WatchResponse) {
	if len(news) == 0 {
		return
	}
	w.pending = append(w.pending, news...)
	select {
	case w.more <- struct{}{}:
	default:
	}
}

func (f *feed) take(w *watcher) []*fakesvcpb.WatchResponse {
	f.mu.Lock()
	defer f.mu.Unlock()
	taken := w.pending
	w.pending = nil
	return taken
}

package main

import (
	"sync"
	"time"

	"crosstalk/fakesvc/fakesvcpb"
)

// cache keeps what was answered for a while. An answer from it can be older than what
// its owner has by then, and by at most ttl: it counts from when the owner was asked.
// It keeps one record of each key of each need, and lets none of them go; with more
// keys than memory it would need a bound.
type cache struct {
	ttl time.Duration

	mu   sync.Mutex
	kept map[cacheKey]kept
}

type cacheKey struct {
	service string
	key     uint64
}

type kept struct {
	record *fakesvcpb.Record
	put    time.Time
	until  time.Time
}

func newCache(ttl time.Duration) *cache {
	return &cache{ttl: ttl, kept: make(map[cacheKey]kept)}
}

// get returns the record that may be answered with; nil where there is none.
func (c *cache) get(service string, key uint64) *fakesvcpb.Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k, ok := c.kept[cacheKey{service, key}]; ok && time.Now().Before(k.until) {
		return k.record
	}
	return nil
}

// put keeps a record that its owner was asked for at that time, and returns what to
// answer with. Of two queries that ask at once, the one with the older record may come
// last: versions must not go backwards. Who was asked after the newer record was here
// and has an older one all the same has begun anew, and is right.
func (c *cache) put(service string, r *fakesvcpb.Record, asked time.Time) *fakesvcpb.Record {
	if c.ttl == 0 {
		return r
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	at := cacheKey{service, r.GetKey()}
	if there := c.kept[at]; there.put.After(asked) && there.record.GetVersion() > r.GetVersion() {
		return there.record
	}
	c.kept[at] = kept{record: r, put: time.Now(), until: asked.Add(c.ttl)}
	return r
}

package main

import (
	"testing"
	"testing/synctest"
	"time"

	"crosstalk/fakesvc/fakesvcpb"
)

func TestCache(t *testing.T) {
	const ttl = 500 * time.Millisecond
	version := func(v uint64) *fakesvcpb.Record { return &fakesvcpb.Record{Key: 1, Version: v} }
	check := func(t *testing.T, what string, r *fakesvcpb.Record, want uint64) {
		t.Helper()
		if r.GetVersion() != want {
			t.Errorf("%s: version %d, want %d", what, r.GetVersion(), want)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		c := newCache(ttl)
		asked := time.Now()
		time.Sleep(100 * time.Millisecond) // the owner takes its time, which counts
		check(t, "put", c.put("A", version(1), asked), 1)
		time.Sleep(ttl - 100*time.Millisecond - time.Nanosecond)
		check(t, "just before", c.get("A", 1), 1)
		check(t, "of another service", c.get("B", 1), 0)
		time.Sleep(time.Nanosecond)
		check(t, "after the TTL", c.get("A", 1), 0)

		// Two ask at once, and the one with the older answer comes last.
		asked = time.Now()
		time.Sleep(time.Millisecond)
		check(t, "the newer answer", c.put("A", version(3), asked), 3)
		check(t, "the older answer, which comes last", c.put("A", version(2), asked), 3)
		check(t, "what is kept", c.get("A", 1), 3)

		// Who is asked later and has less has begun anew.
		time.Sleep(ttl)
		check(t, "an owner that began anew", c.put("A", version(1), time.Now()), 1)
		check(t, "and what is kept of it", c.get("A", 1), 1)
	})
	c := newCache(0)
	check(t, "put into none", c.put("A", version(1), time.Now()), 1)
	check(t, "none", c.get("A", 1), 0)
}

package bus

import (
	"testing"
	"testing/synctest"
	"time"
)

// Old records go from a topic that asks for it, and never from another.
func TestRetention(t *testing.T) {
	const (
		records = 200
		size    = 64 << 10
		retain  = 4 << 20            // of 12.5 MiB
		kept    = retain/size - 1    // a record takes its size and some 200 bytes
		age     = 8 * 24 * time.Hour // Kafka's default is to drop after 7 days
	)
	virtual(t, func(t *testing.T, b *Broker, c *Client) {
		if err := c.EnsureTopics(t.Context(), Topic{Name: "queries", Retain: retain}, Topic{Name: "changes"}); err != nil {
			t.Fatal(err)
		}
		p := c.NewPublisher()
		defer p.Close()
		for i := range int64(records) {
			for _, topic := range []string{"queries", "changes"} {
				q := query(topic, i)
				q.Event.Data = make([]byte, size)
				publish(t, p, q)
			}
		}
		for _, wait := range []time.Duration{retentionInterval, age} {
			time.Sleep(wait)
			synctest.Wait() // for the broker, which looks at this moment
			queries, changes := b.cluster.PartitionInfo("queries", 0), b.cluster.PartitionInfo("changes", 0)
			if first := queries.LogStartOffset; first != records-kept {
				t.Errorf("after %v queries begin at %d, want %d", wait, first, records-kept)
			}
			if first := changes.LogStartOffset; first != 0 {
				t.Errorf("after %v changes begin at %d", wait, first)
			}
		}
		for topic, want := range map[string]int{"queries": kept, "changes": records} {
			s := c.Subscribe(topic, nil)
			for i, d := range read(t, s, want) {
				if n := int64(records - want + i); d.Offset != n || d.Event.Request != n {
					t.Fatalf("%s: %d came as %d at offset %d", topic, n, d.Event.Request, d.Offset)
				}
			}
			s.Close()
		}
	})
}

// A compacted topic forgets what is outdated, and never the last record of a key:
// a copy that is built from it is complete.
func TestCompaction(t *testing.T) {
	const (
		records = 400
		keys    = 7
		size    = 64 << 10
	)
	virtual(t, func(t *testing.T, _ *Broker, c *Client) {
		if err := c.EnsureTopics(t.Context(), Topic{Name: "changes", Compact: true}); err != nil {
			t.Fatal(err)
		}
		p := c.NewPublisher()
		defer p.Close()
		for i := range int64(records) {
			q := query("changes", i)
			q.Event.Key, q.Event.Data = []byte{byte(i % keys)}, make([]byte, size)
			publish(t, p, q)
		}
		time.Sleep(2 * retentionInterval)
		s := c.Subscribe("changes", nil)
		defer s.Close()
		last := make(map[byte]int64)
		read := 0
		for last[byte((records-1)%keys)] != records-1 {
			got, err := s.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range got {
				read++
				last[d.Event.Key[0]] = max(last[d.Event.Key[0]], d.Event.Request)
			}
		}
		if read > records/5 {
			t.Errorf("%d of %d records are still there", read, records)
		}
		for i := int64(records - keys); i < records; i++ {
			if got := last[byte(i%keys)]; got != i {
				t.Errorf("the last record of key %d is %d, want %d", i%keys, got, i)
			}
		}
	})
}

// What is not outdated is not read over and over: the log of a copy of many keys is
// compacted when it has grown by as much as it holds, and never for a key that is new.
func TestCompactionIsRare(t *testing.T) {
	const size = 96 << 10
	virtual(t, func(t *testing.T, b *Broker, c *Client) {
		if err := c.EnsureTopics(t.Context(), Topic{Name: "changes", Compact: true}); err != nil {
			t.Fatal(err)
		}
		p := c.NewPublisher()
		defer p.Close()
		fill := func(times int, keys byte) (bytes int64) {
			for i := range times {
				q := query("changes", int64(i))
				q.Event.Key, q.Event.Data = []byte{byte(i) % keys}, make([]byte, size)
				publish(t, p, q)
			}
			time.Sleep(2 * retentionInterval)
			synctest.Wait()
			return b.cluster.PartitionInfo("changes", 0).NumBytes / size
		}
		for _, step := range []struct {
			times int
			keys  byte
			want  int64
		}{
			{200, 200, 200}, // there was nothing before: it is compacted, in vain
			{50, 50, 250},   // far from twice that
			{150, 50, 400},  // near to it
			{200, 50, 200},  // beyond it: a record of each key
		} {
			if got := fill(step.times, step.keys); got != step.want && got != step.want+1 { // the last batch is always kept
				t.Errorf("%d records to %d keys: the topic holds %d records, want %d", step.times, step.keys, got, step.want)
			}
		}
	})
}

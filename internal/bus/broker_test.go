package bus

import (
	"testing"
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

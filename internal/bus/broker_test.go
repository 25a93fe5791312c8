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
		if err := c.CreateTopics(t.Context(), Topic{Name: "queries", Retain: retain}, Topic{Name: "changes"}); err != nil {
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
			s := c.Subscribe(topic, 0)
			for i, d := range read(t, s, want) {
				if n := int64(records - want + i); d.Offset != n || d.Event.Request != n {
					t.Fatalf("%s: %d came as %d at offset %d", topic, n, d.Event.Request, d.Offset)
				}
			}
			s.Close()
		}
	})
}

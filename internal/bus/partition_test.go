package bus

import (
	"encoding/binary"
	"maps"
	"testing"
	"time"
)

// keyed is an event whose key is told from others by number.
func keyed(topic string, key uint32, number int64) Outgoing {
	o := query(topic, number)
	o.Event.Key = binary.BigEndian.AppendUint32(nil, key)
	return o
}

// positions are all that is known of offsets.
func positions(next map[int]int64) map[int]Position {
	at := make(map[int]Position)
	for partition, offset := range next {
		at[partition] = Position{Next: offset}
	}
	return at
}

func TestPartitionsKeepTheOrderOfEachKey(t *testing.T) {
	const keys, each, partitions = 40, 10, 4
	virtual(t, func(t *testing.T, _ *Broker, c *Client) {
		if err := c.EnsureTopics(t.Context(), Topic{Name: "a", Partitions: partitions}, Topic{Name: "b"}); err != nil {
			t.Fatal(err)
		}
		s := c.Subscribe("a", nil)
		defer s.Close()
		p := c.NewPublisher()
		defer p.Close()
		for n := range int64(each) {
			events := []Outgoing{query("b", n)} // so that one request is for several topics
			for key := range uint32(keys) {
				events = append(events, keyed("a", key, n))
			}
			start := time.Now()
			publish(t, p, events...)
			if took := time.Since(start); took != 0 {
				t.Errorf("publishing took %v", took)
			}
		}
		place, last := map[uint32]int{}, map[uint32]int64{}
		next := map[int]int64{}
		for _, d := range read(t, s, keys*each) {
			key := binary.BigEndian.Uint32(d.Event.Key)
			if d.Offset != next[d.Partition] {
				t.Errorf("partition %d gave offset %d, want %d", d.Partition, d.Offset, next[d.Partition])
			}
			next[d.Partition]++
			if at, seen := place[key]; seen && (at != d.Partition || d.Event.Request != last[key]+1) {
				t.Errorf("key %d: event %d in partition %d after %d in %d", key, d.Event.Request, d.Partition, last[key], at)
			}
			place[key], last[key] = d.Partition, d.Event.Request
		}
		if len(next) != partitions {
			t.Errorf("%d of %d partitions were used", len(next), partitions)
		}
		if end, err := c.End(t.Context(), "a"); err != nil || !maps.Equal(end, next) {
			t.Errorf("End = %v, %v; want %v", end, err, next)
		}
		if n := p.Published(); n != (keys+1)*each {
			t.Errorf("Published = %d", n)
		}
		from := positions(next)
		from[1] = Position{Next: next[1] - 2}
		some := c.Subscribe("a", from)
		defer some.Close()
		for _, d := range read(t, some, 2) {
			if d.Partition != 1 {
				t.Errorf("from %v, partition %d gave offset %d", from, d.Partition, d.Offset)
			}
		}
		silent(t, some)
	})
}

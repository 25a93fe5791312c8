package bus

import (
	"errors"
	"fmt"
	"hash/maphash"

	"github.com/segmentio/kafka-go"
)

// ErrLost says that a partition has lost events that it had acknowledged: it ends before
// the reader's offset, or has another event in the place of the last one that was read.
// Kafka itself loses some where a broker that lacks them becomes the leader, or where the
// machine dies before its disk has them.
var ErrLost = errors.New("the log has lost events that it had acknowledged")

// cursor is how far a partition is read. It knows the last event by its content and not
// by the leader's epoch, which kafka-go does not give and the embedded broker does not
// raise when it starts again.
type cursor struct {
	partition int
	next      int64 // the first offset that is not read
	last      *mark // nil where nothing was read
}

// mark tells an event from others.
type mark struct {
	offset int64
	sum    uint64
}

var marks = maphash.MakeSeed()

func markOf(m *kafka.Message) *mark {
	var h maphash.Hash
	h.SetSeed(marks)
	maphash.WriteComparable(&h, m.Time.UnixMilli())
	for _, part := range [][]byte{m.Key, m.Value} {
		maphash.WriteComparable(&h, len(part))
		h.Write(part)
	}
	for _, header := range m.Headers {
		maphash.WriteComparable(&h, header.Key)
		h.Write(header.Value)
	}
	return &mark{m.Offset, h.Sum64()}
}

// from returns where to read on, in a partition that has the offsets from first to before
// end: from the last event that was read, where it may still be there, to look at it again.
// What retention has dropped is passed over.
func (c *cursor) from(first, end int64) (int64, error) {
	if c.next > end {
		return 0, fmt.Errorf("%w: it ends at offset %d, and was read to %d", ErrLost, end, c.next)
	}
	c.next = max(c.next, first)
	if c.last != nil && c.last.offset >= first {
		return c.last.offset, nil
	}
	return c.next, nil
}

// isNew tells whether an event was not read before. It fails where the log has another
// one in the place of the last one that was.
func (c *cursor) isNew(m *kafka.Message) (bool, error) {
	if m.Offset >= c.next {
		return true, nil
	}
	if c.last != nil && m.Offset == c.last.offset && *markOf(m) != *c.last {
		return false, fmt.Errorf("%w: offset %d has another event than the one that was read", ErrLost, m.Offset)
	}
	return false, nil
}

// startOver begins at the first offset there is, and returns what tells the reader.
func (c *cursor) startOver(first int64, why error) Delivery {
	c.next, c.last = first, nil
	return Delivery{Partition: c.partition, Offset: first, Err: why}
}

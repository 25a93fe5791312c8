package bus

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cespare/xxhash/v2"
	"github.com/segmentio/kafka-go"
)

// ErrLost says that a partition has lost events that it had acknowledged: it ends before
// the reader's offset, or has another event in the place of the last one that was read.
// Kafka itself loses some where a broker that lacks them becomes the leader, or where the
// machine dies before its disk has them.
var ErrLost = errors.New("the log has lost events that it had acknowledged")

// Position is how far a partition is read. A reader that goes on from it, in this process
// or another one, notices a log that is no longer the one that was read. The zero value is
// the beginning.
type Position struct {
	// Next is the first offset that is not read, at least 0.
	Next int64
	// Sum is a hash of the event at Next-1; 0 where nothing is known of it. It is of what
	// the event holds, and not the leader's epoch, which kafka-go does not give and the
	// embedded broker does not raise when it starts again.
	Sum uint64
}

// sumOf is the same in every process. Each part goes in after its length.
func sumOf(m *kafka.Message) uint64 {
	var room [1024]byte // to hash it at once is cheaper than part by part
	head := binary.LittleEndian.AppendUint64(room[:0], uint64(m.Time.UnixMilli()))
	length := func(n int) { head = binary.LittleEndian.AppendUint64(head, uint64(n)) }
	length(len(m.Key))
	head = append(head, m.Key...)
	for _, header := range m.Headers {
		length(len(header.Key))
		head = append(head, header.Key...)
		length(len(header.Value))
		head = append(head, header.Value...)
	}
	length(len(m.Value))
	sum := xxhash.New()
	sum.Write(head)
	sum.Write(m.Value) // which may be of megabytes
	return sum.Sum64()
}

// cursor reads on in a partition.
type cursor struct {
	partition int
	next      int64    // the first offset that is not read
	last      Position // after the last event that was read; next is past it where what followed is gone
}

func newCursor(partition int, from Position) *cursor {
	from.Next = max(from.Next, 0)
	return &cursor{partition, from.Next, from}
}

// from returns where to read on, in a partition that has the offsets from first to before
// end: from the last event that was read, where it may still be there, to look at it again.
// What retention has dropped is passed over.
func (c *cursor) from(first, end int64) (int64, error) {
	if c.next > end {
		return 0, fmt.Errorf("%w: it ends at offset %d, and was read to %d", ErrLost, end, c.next)
	}
	c.next = max(c.next, first)
	if c.last.Sum != 0 && c.last.Next > first {
		return c.last.Next - 1, nil
	}
	return c.next, nil
}

// isNew tells whether an event was not read before. It fails where the log has another
// one in the place of the last one that was.
func (c *cursor) isNew(m *kafka.Message) (bool, error) {
	if m.Offset >= c.next {
		return true, nil
	}
	if c.last.Sum != 0 && m.Offset == c.last.Next-1 && sumOf(m) != c.last.Sum {
		return false, fmt.Errorf("%w: offset %d has another event than the one that was read", ErrLost, m.Offset)
	}
	return false, nil
}

// pass moves past an event, and returns the position after it.
func (c *cursor) pass(m *kafka.Message) Position {
	c.last = Position{m.Offset + 1, sumOf(m)}
	c.next = c.last.Next
	return c.last
}

// startOver begins at the first offset there is, and returns what tells the reader.
func (c *cursor) startOver(first int64, why error) Delivery {
	c.next, c.last = first, Position{Next: first}
	return Delivery{Partition: c.partition, Offset: first, After: c.last, Err: why}
}

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

// sumOf is the same in every process. Each part goes in with its length.
func sumOf(m *kafka.Message) uint64 {
	h := xxhash.New()
	var buffer [8]byte
	number := func(n int64) { h.Write(binary.LittleEndian.AppendUint64(buffer[:0], uint64(n))) }
	number(m.Time.UnixMilli())
	for _, part := range [][]byte{m.Key, m.Value} {
		number(int64(len(part)))
		h.Write(part)
	}
	for _, header := range m.Headers {
		number(int64(len(header.Key)))
		h.WriteString(header.Key)
		number(int64(len(header.Value)))
		h.Write(header.Value)
	}
	return h.Sum64()
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

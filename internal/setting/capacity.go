package setting

import (
	"fmt"
	"strconv"
	"strings"
)

// Capacity is how much a service does at once, and how much may wait for its
// turn. The zero value is without bounds.
type Capacity struct {
	// Workers is the most interactions at once; 0 = without bound.
	Workers int
	// Queue is the most that wait for a worker. One more is refused.
	Queue int
}

// defaultQueue is the queue of a service whose workers alone are given.
const defaultQueue = 100

// Words returns the names of the capacity's parts.
func (Capacity) Words() []string { return []string{"queue"} }

// UnmarshalText reads a number of workers, such as 8, or 8,queue=100. Without a
// queue, 100 may wait. 0 is without bounds.
func (c *Capacity) UnmarshalText(text []byte) error {
	workers, queue, queued := strings.Cut(strings.TrimSpace(string(text)), ",")
	next := Capacity{Queue: defaultQueue}
	var n Count
	if err := n.UnmarshalText([]byte(workers)); err != nil {
		return fmt.Errorf("%q is not a number of workers, such as 8 or 8,queue=100", text)
	}
	if next.Workers = int(n); queued {
		value, ok := strings.CutPrefix(strings.TrimSpace(queue), "queue=")
		if !ok || n.UnmarshalText([]byte(value)) != nil {
			return fmt.Errorf("%q is not a number of workers and a queue, such as 8,queue=100", text)
		}
		next.Queue = int(n)
	}
	if next.Workers == 0 {
		if queued {
			return fmt.Errorf("%q: a queue needs workers", text)
		}
		next = Capacity{}
	}
	*c = next
	return nil
}

// String returns the text that UnmarshalText reads as c.
func (c Capacity) String() string {
	if c.Workers == 0 {
		return "0"
	}
	return strconv.Itoa(c.Workers) + ",queue=" + strconv.Itoa(c.Queue)
}

// MarshalText returns String.
func (c Capacity) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

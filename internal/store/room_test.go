package store

import "testing"

// A page of the outbox ends at its number of entries, or at its bytes: the entry that
// reaches them is the last one.
func TestRoom(t *testing.T) {
	for name, c := range map[string]struct {
		room  room
		taken int // of payloads of 5 bytes
		full  bool
	}{
		"none asked for":    {room{entries: 0, bytes: 100}, 0, true},
		"entries":           {room{entries: 2, bytes: 100}, 2, true},
		"bytes":             {room{entries: 9, bytes: 10}, 2, true},
		"a byte more":       {room{entries: 9, bytes: 11}, 3, true},
		"room for all four": {room{entries: 9, bytes: 100}, 4, false},
	} {
		taken := 0
		for range 4 {
			if c.room.take(5) {
				taken++
			}
		}
		if taken != c.taken || c.room.full != c.full {
			t.Errorf("%s: %d taken, full %v", name, taken, c.room.full)
		}
	}
}

// What is acknowledged takes no memory any more.
func TestMemoryForgetsWhatIsAcknowledged(t *testing.T) {
	entries := []Entry{{Seq: 1, Record: rec(1, 1)}, {Seq: 2, Record: rec(2, 1)}, {Seq: 3, Record: rec(3, 1)}}
	m := &memoryTable{entries: entries}
	if err := m.acknowledge(t.Context(), 2); err != nil || len(m.entries) != 1 || m.entries[0].Seq != 3 {
		t.Errorf("%v, %d entries", err, len(m.entries))
	}
	if entries[0].Record.Payload != nil || entries[1].Record.Payload != nil {
		t.Error("the array keeps the payloads")
	}
}

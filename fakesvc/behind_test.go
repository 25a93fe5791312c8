package fakesvc

import (
	"testing"

	"crosstalk/internal/bus"
)

// One of a group is behind in the partitions that it has: what the others have is not
// unread.
func TestBehindIsOfOnesOwnPartitions(t *testing.T) {
	end := map[int]int64{0: 7, 1: 100}
	for name, c := range map[string]struct {
		groups bool
		want   int64
	}{"one of a group": {true, 2}, "alone": {false, 102}} {
		reader := &consumer{host: &Host{env: Env{Groups: c.groups}}, handler: Handler{Shared: true}, next: map[int]bus.Position{0: {Next: 5}}}
		if got := reader.behind(end); got != c.want {
			t.Errorf("%s: behind by %d, want %d", name, got, c.want)
		}
	}
}

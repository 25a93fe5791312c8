package doctor

import (
	"testing"
	"time"
)

func TestUsageIsOfAllCores(t *testing.T) {
	got := usageOf("cpu  100 20 30 4000 500 6 7 8 50 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n")
	if want := (usage{busy: 1630 * time.Millisecond, stolen: 80 * time.Millisecond}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, stat := range []string{"", "cpu 1 2\n", "intr 1 2 3 4 5 6 7 8 9\n", "cpu 1 2 3 4 five 6 7 8\n"} {
		if got := usageOf(stat); got != (usage{}) {
			t.Errorf("%q is %+v", stat, got)
		}
	}
}

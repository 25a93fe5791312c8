package runner

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/result"
)

func TestBucketsHoldTheirValues(t *testing.T) {
	for d := time.Duration(1); d < time.Hour; d = d*17/16 + 1 {
		top := topOf(bucketOf(d))
		if top < d || float64(top) > 1.13*float64(d)+1 {
			t.Fatalf("%v is shown as %v", d, top)
		}
	}
}

func TestLive(t *testing.T) {
	var l live
	for i := range 1000 {
		due := time.Duration(i) * time.Millisecond
		l.add(result.Row{Due: due, Done: due + time.Duration(i+1)*time.Millisecond, Staleness: time.Duration(i)})
		l.add(result.Row{Due: due, Done: due + time.Hour, Code: codes.Unavailable})
		l.add(result.Row{Due: -1, Done: time.Hour})
	}
	if p99 := l.quantile(0.99); p99 < 990*time.Millisecond || p99 > 1120*time.Millisecond {
		t.Errorf("p99 %v", p99)
	}
	if l.oldest.Load() != 999 {
		t.Errorf("oldest %v", l.oldest.Load())
	}
	if new(live).quantile(0.99) != 0 {
		t.Error("of nothing there is a p99")
	}
}

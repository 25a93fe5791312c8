package result

import (
	"time"

	"google.golang.org/grpc/codes"
)

// second is what became of the requests that were due in one second, and the
// replication lags of the changes that became visible in it.
type second struct {
	Second
	done      int64
	intervals [kinds]interval
}

// secondOf is the second that a time lies in; negative in the warm-up.
func secondOf(at time.Duration) int {
	whole := at / time.Second
	if at%time.Second < 0 {
		whole--
	}
	return int(whole)
}

func (s *second) reset(number int) {
	s.Second = Second{Second: number}
	s.done = 0
	for k := range s.intervals {
		s.intervals[k].reset()
	}
}

func (s *second) add(row Row) {
	s.done++
	s.intervals[Lateness].add(row.Sent - row.Due)
	s.intervals[HandlingDelay].add(row.Handling)
	if row.Code != codes.OK {
		s.Failed++
		s.intervals[FailedLatency].add(row.Done - row.Due)
		return
	}
	s.Succeeded++
	s.intervals[Latency].add(row.Done - row.Due)
	s.intervals[ServiceTime].add(row.Done - row.Sent)
	if row.Judgement == Stale {
		s.Stale++
		s.intervals[Staleness].add(row.Staleness)
	}
}

// complete reports whether every request that was due in it has been added.
func (s *second) complete() bool { return s.done >= s.Due }

// row is the second in the series, without its percentiles.
func (s *second) row() Second {
	out := s.Second
	out.MaxStale = s.intervals[Staleness].max.Seconds()
	out.MaxLateness = s.intervals[Lateness].max.Seconds()
	return out
}

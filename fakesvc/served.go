package fakesvc

import (
	"sync"
	"time"

	"crosstalk/internal/counts"
)

// served counts the queries that a service answered well, by the second of the
// measured part.
type served struct {
	mu       sync.Mutex
	bySecond []int64
}

func (s *served) add(at time.Duration) {
	if at < 0 {
		return
	}
	second := int(at / time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.bySecond) <= second {
		s.bySecond = append(s.bySecond, 0)
	}
	s.bySecond[second]++
}

func (s *served) counts(service string) counts.Served {
	s.mu.Lock()
	defer s.mu.Unlock()
	return counts.Served{Service: service, BySecond: append([]int64(nil), s.bySecond...)}
}

package clock

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// What a precise sleep is late by is a benchmark's; that it is never early, and
// that many at once each get their own, holds on any machine.
func TestPreciseIsNeverEarly(t *testing.T) {
	var sleeping sync.WaitGroup
	for i := range 200 {
		d := time.Duration(i%20) * 500 * time.Microsecond
		sleeping.Go(func() {
			for range 3 { // the second and third reuse a timer
				begin := time.Now()
				if err := Precise(t.Context(), d); err != nil || time.Since(begin) < d {
					t.Errorf("Precise(%v) took %v, %v", d, time.Since(begin), err)
				}
			}
		})
	}
	sleeping.Wait()
}

func TestPreciseEndsWithItsContext(t *testing.T) {
	for range 50 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if err := Precise(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a sleep that ctx ends returned %v", err)
		}
		if err := Precise(ctx, time.Hour); err == nil {
			t.Error("a sleep under a context that has ended returned no error")
		}
		if err := Precise(ctx, 0); err == nil {
			t.Error("a sleep of nothing hides the end of ctx")
		}
		cancel()
		begin := time.Now()
		if err := Precise(t.Context(), time.Millisecond); err != nil || time.Since(begin) < time.Millisecond {
			t.Errorf("the sleep after it took %v, %v", time.Since(begin), err)
		}
	}
}

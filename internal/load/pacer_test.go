package load

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestTimerIsExactUnderAFakeClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		until := time.Now().Add(1234567 * time.Nanosecond)
		if err := Timer(t.Context(), until); err != nil || !time.Now().Equal(until) {
			t.Errorf("woke %v from the moment, %v", time.Since(until), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := Timer(ctx, until.Add(time.Hour)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the end of ctx gives %v", err)
		}
	})
}

// On a real clock no bound on lateness holds on a busy machine; being early is
// wrong on any.
func TestPreciseIsNeverEarly(t *testing.T) {
	for range 50 {
		until := time.Now().Add(700 * time.Microsecond)
		if err := Precise(t.Context(), until); err != nil || time.Now().Before(until) {
			t.Errorf("woke %v early, %v", time.Until(until), err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(5*time.Millisecond, cancel)
	if err := Precise(ctx, time.Now().Add(time.Hour)); !errors.Is(err, context.Canceled) {
		t.Errorf("the end of ctx gives %v", err)
	}
}

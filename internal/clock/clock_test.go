package clock

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, d := range []time.Duration{-1, 0, 1, 1234567 * time.Nanosecond, time.Hour} {
			begin := time.Now()
			if err := Sleep(t.Context(), d); err != nil || time.Since(begin) != max(d, 0) {
				t.Errorf("Sleep(%v) took %v, %v", d, time.Since(begin), err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		if err := Sleep(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Second {
			t.Errorf("a sleep that ctx ends took %v, %v", time.Since(begin), err)
		}
		if err := Sleep(ctx, 0); err == nil {
			t.Error("a sleep of nothing hides the end of ctx")
		}
	})
}

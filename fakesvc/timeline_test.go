package fakesvc

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"crosstalk/internal/fault"
)

// A process that is started again when a window is over does not catch up on it; one
// that is started within a window carries out what is left.
func TestTimelineOfAProcessThatWasStartedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &Host{begun: make(chan time.Time, 1), failed: make(chan error, 1)}
		begin := time.Now()
		var done []string
		note := func(what string) func() error {
			return func() error { done = append(done, what+" "+time.Since(begin).String()); return nil }
		}
		for _, w := range []fault.Window{{Start: time.Second, Length: time.Second}, {Start: 3 * time.Second, Length: 2 * time.Second}} {
			h.acts = append(h.acts, &act{fault: fault.Fault{Kind: fault.Freeze, Window: w}, begin: note("begin"), end: note("end")})
		}
		time.Sleep(4 * time.Second)
		h.begun <- begin
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := h.live(ctx); err != nil {
			t.Fatal(err)
		}
		if want := []string{"begin 4s", "end 5s"}; !slices.Equal(done, want) {
			t.Errorf("%q, want %q", done, want)
		}
		if got := h.acts[0].delivered; got != (fault.Window{}) {
			t.Errorf("a window that was missed is told as delivered: %v", got)
		}
	})
}

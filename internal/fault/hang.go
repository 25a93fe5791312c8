package fault

import (
	"context"

	"crosstalk/internal/clock"
)

// hang leaves a share of the interactions without an answer until their callers
// give up.
type hang struct {
	*chance
	place string
}

func newHang(place string, seed uint64, f Fault, nth int) fault {
	return &hang{newChance(place, seed, f, nth), place}
}

func (h *hang) decide(i Interaction, d Decision) Decision {
	d.Hang = d.Hang || h.meets(i)
	return d
}

func (h *hang) act(ctx context.Context, i Interaction, d Decision, _ clock.Sleeper) error {
	h.count(i, d.Hang)
	if !d.Hang {
		return nil
	}
	<-ctx.Done()
	return ended(ctx, h.place, "hung")
}

package fault

import (
	"context"

	"crosstalk/internal/clock"
)

var hang = Definition{
	Kind: Hang, Argument: Ratio,
	Doc:    "no answer until the caller gives up",
	Parts:  map[Part]string{Service: "50%"},
	Inject: newHang,
}

// hanging leaves a share of the interactions without an answer until their callers
// give up.
type hanging struct {
	*Chance
	place string
}

func newHang(place string, seed uint64, f Fault, nth int, _ []Injector) Injector {
	return &hanging{NewChance(place, seed, f, nth), place}
}

func (h *hanging) Decide(i Interaction, d Decision) Decision {
	d.Hang = d.Hang || h.Meets(i)
	return d
}

func (h *hanging) Act(ctx context.Context, i Interaction, d Decision, _ clock.Sleeper) error {
	h.Count(i, d.Hang)
	if !d.Hang {
		return nil
	}
	<-ctx.Done()
	return ended(ctx, h.place, "hung")
}

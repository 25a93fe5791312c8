package fault

import (
	"sync/atomic"

	"crosstalk/internal/setting"
)

// chance is what all faults that meet a share of the interactions have in common.
type chance struct {
	kind      Kind
	share     setting.Share
	window    Window
	draw      draw
	arrived   atomic.Int64
	delivered atomic.Int64
}

func newChance(place string, seed uint64, f Fault, nth int) *chance {
	return &chance{kind: f.Kind, share: f.Share, window: f.Window, draw: newDraw(seed, place, f.Kind, nth)}
}

// meets reports whether the fault meets i. It is pure.
func (c *chance) meets(i Interaction) bool {
	return c.window.Contains(i.At) && c.draw.of(i) < float64(c.share)
}

func (c *chance) count(i Interaction, met bool) {
	if !i.counted() || !c.window.Contains(i.At) {
		return
	}
	c.arrived.Add(1)
	if met {
		c.delivered.Add(1)
	}
}

func (c *chance) statistics() []Statistic {
	delivered := c.delivered.Load() // before arrived, so that it is never above it
	return []Statistic{{
		Kind: c.kind, Window: c.window, Asked: float64(c.share), Interactions: c.arrived.Load(), Delivered: delivered,
	}}
}

package fault

import (
	"sync/atomic"

	"crosstalk/internal/setting"
)

// Chance meets a share of the interactions, and counts them: what all such kinds have
// in common.
type Chance struct {
	kind      Kind
	share     setting.Share
	window    Window
	draw      draw
	arrived   atomic.Int64
	delivered atomic.Int64
}

// NewChance returns that of the nth fault, from 0, of f's kind at a place.
func NewChance(place string, seed uint64, f Fault, nth int) *Chance {
	return &Chance{kind: f.Kind, share: f.Share, window: f.Window, draw: newDraw(seed, place, f.Kind, nth)}
}

// Meets reports whether the fault meets i. It is pure.
func (c *Chance) Meets(i Interaction) bool {
	return c.window.Contains(i.At) && c.draw.of(i) < float64(c.share)
}

// Count counts i, and whether it met the fault.
func (c *Chance) Count(i Interaction, met bool) {
	if !i.counted() || !c.window.Contains(i.At) {
		return
	}
	c.arrived.Add(1)
	if met {
		c.delivered.Add(1)
	}
}

// Statistics returns what was asked for and what was counted.
func (c *Chance) Statistics() []Statistic {
	delivered := c.delivered.Load() // before arrived, so that it is never above it
	return []Statistic{{
		Kind: c.kind, Window: c.window, Asked: float64(c.share), Interactions: c.arrived.Load(), Delivered: delivered,
	}}
}

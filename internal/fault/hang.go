package fault

import (
	"context"
	"sync/atomic"

	"crosstalk/internal/setting"
)

// hang leaves a share of the interactions without an answer until their callers
// give up.
type hang struct {
	service   string
	rate      setting.Share
	draw      draw
	arrived   atomic.Int64
	delivered atomic.Int64
}

func newHang(service string, seed uint64, rate setting.Share) *hang {
	return &hang{service: service, rate: rate, draw: newDraw(seed, service, "hang")}
}

func (h *hang) decide(i Interaction, d Decision) Decision {
	d.Hang = h.draw.of(i) < float64(h.rate)
	return d
}

func (h *hang) act(ctx context.Context, i Interaction, d Decision) error {
	if i.counted() {
		h.arrived.Add(1)
		if d.Hang {
			h.delivered.Add(1)
		}
	}
	if !d.Hang {
		return nil
	}
	<-ctx.Done()
	return ended(ctx, h.service, "hung")
}

func (h *hang) statistics() []Statistic {
	delivered := h.delivered.Load() // before arrived, so that it is never above it
	return []Statistic{{
		Kind: "hang", Asked: float64(h.rate), Interactions: h.arrived.Load(), Delivered: delivered,
	}}
}

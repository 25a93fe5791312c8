package fakesvc

import (
	"context"
	"fmt"
	"strings"
	"time"

	"crosstalk/internal/clock"
)

const (
	// settleLimit is how long the last statistics wait for what is under way: some part of
	// it may be held up for longer, by a fault.
	settleLimit = 2 * time.Second
	// settleEvery is how often it is looked at. Each look asks the cluster.
	settleEvery = 5 * time.Millisecond
)

// UnderWay notes that something is under way which may publish an event, until done is
// called.
func (h *Host) UnderWay() (done func()) {
	h.underWay.Add(1)
	return func() { h.underWay.Add(-1) }
}

// settle returns when all events that the host is to read are handled, and all that it
// has to publish is acknowledged, so that both are counted: a query is answered though
// its consumer has failed, and a replica can show a change before its owner learns that
// the bus has it. What is not done by settleLimit it names.
func (h *Host) settle(ctx context.Context) (unsettled string) {
	ctx, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	for {
		if now := h.unsettled(ctx); ctx.Err() == nil || unsettled == "" { // else the bus was not given the time
			unsettled = now
		}
		if unsettled == "" || clock.Sleep(ctx, settleEvery) != nil {
			return unsettled
		}
	}
}

// unsettled looks at the topics first: what is read of them is under way from then on.
func (h *Host) unsettled(ctx context.Context) string {
	var left []string
	topics := h.topics(ctx)
	for _, t := range topics {
		if t.Behind > 0 {
			left = append(left, fmt.Sprintf("%d events of %s were not read", t.Behind, t.Name))
		}
	}
	if silent := len(h.consumers) - len(topics); silent > 0 {
		left = append(left, fmt.Sprintf("the bus did not tell of %d topics", silent))
	}
	if n := h.underWay.Load(); n > 0 {
		left = append(left, fmt.Sprintf("%d answers or events were not published", n))
	}
	return strings.Join(left, ", ")
}

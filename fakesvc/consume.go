package fakesvc

import (
	"context"
	"fmt"

	"crosstalk/internal/bus"
)

// Consume returns a part that reads a topic from its first event on. What handle
// has returned for is not given to it again: after an outage it goes on with what
// follows. An event that cannot be decoded, and an error of handle, end the part.
func (h *Host) Consume(topic string, handle func(ctx context.Context, batch []bus.Delivery) error) Part {
	next := int64(0)
	return func(ctx context.Context) error {
		sub := h.env.Bus.Subscribe(topic, next)
		defer sub.Close()
		for {
			batch, err := sub.Next(ctx)
			if err != nil {
				return fmt.Errorf("read topic %s: %w", topic, err)
			}
			for _, d := range batch {
				if d.Err != nil {
					return fmt.Errorf("event %d of topic %s: %w", d.Offset, topic, d.Err)
				}
			}
			if err := handle(ctx, batch); err != nil {
				return err
			}
			next = batch[len(batch)-1].Offset + 1
		}
	}
}

package fakesvc

import (
	"bytes"
	"context"
	"strconv"
	"strings"

	"crosstalk/internal/bus"
	"crosstalk/internal/fault"
)

// sourcePrefix begins the source of every event of ours; the service follows.
const sourcePrefix = "/crosstalk/"

// SourceOf is the CloudEvents source of a service.
func SourceOf(service string) string { return sourcePrefix + service }

// passage returns the interaction of an event with what it passes now.
func (h *Host) passage(e *bus.Event) fault.Interaction {
	return fault.Event(e.Request, e.Source, e.ID, h.elapsed())
}

// spoil makes an event that is to be poisonous undecodable: its data is no
// protobuf message any more. Its headers stay, as those of a producer with a bug.
func (h *Host) spoil(e *bus.Event) {
	line := h.published[strings.TrimPrefix(e.Source, sourcePrefix)]
	if line != nil && !line.IsZero() && line.Meet(h.passage(e)).Poison {
		e.Data = bytes.Repeat([]byte{0xff}, 16)
	}
}

// SetAside puts an event that cannot be decoded into the topic of dead letters,
// with the reason, and counts it: the events behind it go on.
func (h *Host) SetAside(ctx context.Context, topic string, d bus.Delivery, reason error) {
	h.deadLetters.Add(1)
	letter := d.Event
	if letter.ID == "" { // it is no event at all
		letter.ID, letter.Type, letter.Source = topic+"-"+strconv.FormatInt(d.Offset, 10), "Undecodable", SourceOf(h.services[0])
	}
	letter.Request = fault.Beforehand // it is no event of the load, and meets no fault
	letter.StatusMessage = reason.Error()
	// A dead letter that cannot be sent is lost, and was counted.
	_ = h.publisher.Publish(ctx, bus.Outgoing{Topic: h.env.DeadLetters(), Event: letter})
}

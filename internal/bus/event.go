package bus

import "time"

// Event is a CloudEvents 1.0 event with the extensions that request and reply
// over a bus need. On the wire it is a Kafka record in the binary mode of the
// CloudEvents Kafka binding, and its trace context is the W3C header.
type Event struct {
	ID     string    // unique within Source; required
	Type   string    // what happened, "UserQuery"; required
	Source string    // who says so, "/crosstalk/D"; required
	Time   time.Time // when it happened, zero = unsaid; years 0 to 9999

	Correlation string    // the same in a query and its result
	ReplyTo     string    // the topic that the answer belongs on
	Request     int64     // the driver's request number; may be negative
	Try         uint64    // tells the tries of a request apart
	Deadline    time.Time // after which no answer is wanted, zero = none; years 0 to 9999
	Traceparent string    // W3C trace context

	Wait time.Duration // of a result: from the query's Time until its supplier had it
	Work time.Duration // of a result: how long its supplier took

	Status        uint32 // a result's gRPC status code, 0 = OK
	StatusMessage string

	Key  []byte // the record's key; nil and empty are the same
	Data []byte // nil and empty are the same
}

// Outgoing is an event and the topic it is for.
type Outgoing struct {
	Topic string
	Event Event
}

// Delivery is one record of a topic.
type Delivery struct {
	// Partition is the part of the topic that the record is in, from 0 on. Events
	// with the same key are in the same one, and it alone has an order.
	Partition int
	// Offset is the record's position in its partition. Offsets rise by 1 from one event to the
	// next, except past records that retention has dropped.
	Offset int64
	// After is the position of a reader that has handled this and all before it.
	After Position
	Event Event
	// Err says why the record is no event. Event then holds its Key and Data only. With
	// ErrLost the delivery is no record at all: the partition begins anew at Offset.
	Err error
}

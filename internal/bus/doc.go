// Package bus carries events between services over Kafka's protocol: to an
// embedded broker in this process, or to any cluster by address.
//
// Its law: nothing waits for company. There is no linger: an event leaves when
// it is published, and only while one produce request is in flight do others
// gather for the next. Events with the same key are in one partition of their
// topic and keep their order; a topic has one partition unless more are asked
// for. A delivery's position is an explicit offset that the reader keeps; only
// where several processes share a topic's events does a consumer group deal out
// its partitions, and then it keeps the offsets too.
//
// Delivery is at least once: what was acknowledged is delivered, and a retry
// after an answer that was lost may deliver an event twice, under the same ID.
//
// All times come from package time and every connection from the listen and
// dial functions given, so the whole bus runs under a fake clock on a virtual
// network. Only this package may import kafka-go and kfake.
package bus

// Package bus carries events between services over Kafka's protocol: to an
// embedded broker in this process, or to any cluster by address.
//
// Its law: nothing waits for company. There is no linger: an event leaves when
// it is published, and only while one produce request is in flight do others
// gather for the next. A topic has one partition, so a topic has one order. A
// delivery's position is an explicit offset that the reader keeps; there are no
// consumer groups and so no rebalances.
//
// Delivery is at least once: what was acknowledged is delivered, and a retry
// after an answer that was lost may deliver an event twice, under the same ID.
//
// All times come from package time and every connection from the listen and
// dial functions given, so the whole bus runs under a fake clock on a virtual
// network. Only this package may import kafka-go and kfake.
package bus

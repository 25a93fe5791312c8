// Package predict is what theory says of an experiment, without any load.
//
// Its law: it knows the experiment alone. It never measures, never reads a
// result and asks no wall clock, so its answer is a function of the experiment.
// Time that nobody asked for is 0: gRPC, the bus and the databases take none.
//
// There are two methods. Where requests do not meet each other, distributions
// are calculated with: Closed. Where they do, in queues, breakers and the like,
// the experiment is carried out in virtual time: Simulate. Both know the same
// graph, and each is the other's test.
package predict

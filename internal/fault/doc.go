// Package fault is what goes wrong on purpose: with a service, with its database,
// with the events that it publishes, and with the bus.
//
// Its law: a decision is a function of (seed, place, kind of fault,
// interaction) and of nothing else, so the same interaction meets the same faults
// in every topology, at any concurrency and in any order. Each fault draws a
// number of its own: a rate that is changed changes nothing of the other faults,
// and one that is raised adds failures to those that were there.
//
// What was asked for and what was delivered are kept apart. Time is package
// time's alone, so everything here runs under a fake clock, and no lock is held
// across a wait.
package fault

// Package benchmarks measures the instrument: go test -bench=. ./benchmarks. Each
// row of the table of targets in docs/instrument.md is one benchmark here, and
// reports the ratio that the target is for.
//
// Its law: a benchmark never fails because the machine was busy. What is compared
// is run in turn in one run, and the ratio is the figure; see package rig.
package benchmarks

package counts

import "crosstalk/internal/tracing"

// Process is what a process of services tells when it is asked, as JSON over its control
// or to a scrape of its metrics.
type Process struct {
	// Service is the first service on it.
	Service string `json:"service"`
	Counts
	// Stages are in the order of a request's way.
	Stages []Stage `json:"stages"`
	// Collections are what its databases keep; a scrape does not ask for them.
	Collections []Collection `json:"collections"`
	Served      []Served     `json:"served"`
	// Usage is what the process takes; nil where it is the driver's.
	Usage *Usage `json:"usage,omitempty"`
	// Attached counts the other drivers that have added load.
	Attached int64            `json:"attached"`
	Spans    tracing.Exported `json:"spans"`
	// Unsettled tells what was under way and is not counted, where the last statistics did
	// not wait for it any longer.
	Unsettled string `json:"unsettled,omitempty"`

	// Topics are what it reads, where it uses a bus, and how far it is with them now. They
	// are in no JSON.
	OnBus  bool    `json:"-"`
	Topics []Topic `json:"-"`
}

// Stage is a part of the way of a service's queries, and the time that the successful
// ones of the measured part spent in it.
type Stage struct {
	Service string  `json:"service"`
	Name    string  `json:"name"`
	Queries int64   `json:"queries"`
	Seconds float64 `json:"seconds"`
}

func (s Stage) key() [2]string { return [2]string{s.Service, s.Name} }

func (s *Stage) add(other Stage) {
	s.Queries += other.Queries
	s.Seconds += other.Seconds
}

// Collection is what a service keeps of an owner's records in its database: another
// one's in a replica.
type Collection struct {
	Service string `json:"service"`
	Owner   string `json:"owner"`
	Bytes   int64  `json:"bytes"`
}

// Served counts the queries that a service answered well in each second of the measured
// part.
type Served struct {
	Service  string  `json:"service"`
	BySecond []int64 `json:"by_second"`
}

// Usage is what a process has taken: CPU time in the measured part, and the most memory
// that it has held since it started.
type Usage struct {
	CPUSeconds       float64 `json:"cpu_seconds"`
	MaxResidentBytes int64   `json:"max_resident_bytes"`
}

// Topic is one that a process reads. Behind is how many of its events are not handled yet.
type Topic struct {
	Name   string
	Behind int64
}

// Add adds what another process has told. Served and Usage are of one process, and left
// as they are.
func (p *Process) Add(other Process) {
	p.Counts.Add(other.Counts)
	p.Stages = addEach(p.Stages, other.Stages, Stage.key, (*Stage).add)
	p.Collections = append(p.Collections, other.Collections...)
	p.Attached += other.Attached
	p.Spans.Add(other.Spans)
}

package experiment

import (
	"bytes"
	"encoding"
	"reflect"

	"crosstalk/internal/setting"
)

// Text is a value that a flag and a file write alike.
type Text interface {
	encoding.TextMarshaler
	encoding.TextUnmarshaler
}

// Setting is one setting of an experiment, by its one name.
type Setting struct {
	Name  string
	Value Text
	Usage string
}

// Settings lists what the command line can set, in the order of the help.
func (e *Experiment) Settings() []Setting {
	return []Setting{
		{"scenario", &e.Scenario, "scenarios to run, by commas; all of them by default"},
		{"rate", &e.Rate, "queries due per second, such as 500/s; 0 = as fast as possible, with --concurrency"},
		{"arrival", &e.Arrival, "poisson or constant gaps between the queries"},
		{"concurrency", &e.Concurrency, "workers of a closed loop, for --rate=0"},
		{"duration", &e.Duration, "length of the measured part"},
		{"warmup", &e.WarmUp, "load before the measured part, recorded and not counted"},
		{"timeout", &e.Timeout, "deadline of each query, from its sending on"},
		{"max-in-flight", &e.MaxInFlight, "most queries under way at once, and most writes; more wait, and their wait is latency; each takes 8 kB here and up to 100 kB with its services"},
		{"write-rate", &e.WriteRate, "writes due per second over all owners: a rate, or a share of the queries such as 10%"},
		{"keys", &e.Keys, "records that each owner has"},
		{"payload", &e.Payload, "size of a record's payload, such as 128 or 1KB; at most 8MB"},
		{"seed", &e.Seed, "arrivals, keys, writes and faults are functions of it"},
		{"fanout", &e.Fanout, "parallel or sequential: how a service fetches its needs"},
		{"store", &e.Store, "database: sqlite, memory, bbolt or postgres://user@host/db, without a password; per service as in sqlite,D=memory"},
		{"kafka", &e.Kafka, "addresses of a Kafka cluster, host:port by commas; an embedded broker by default"},
		{"kafka-tls", &e.KafkaTLS, "on, off, or the file of the authorities that are trusted: TLS to the cluster"},
		{"kafka-sasl", &e.KafkaSASL, "who asks the cluster: scram-sha-512:USER:VARIABLE (or scram-sha-256, plain), with the password in that environment variable"},
		{"partitions", &e.Partitions, "partitions of each topic; 1 by default"},
		{"replication", &e.Replication, "copies of each partition in the cluster; by default as the cluster has it"},
		{"outbox", &e.Outbox, "on or off: whether a change and its event are one transaction; off publishes from memory, and a kill loses what is on its way"},
		{"placement", &e.Placement, "in-process, or process: each service as a process of its own, which can be killed"},
		{"replicas", &e.Replicas, "copies of a service, with --placement=process: A=3"},
		{"fail-rate", &e.FailRate, "share of the interactions with an upstream that fail: 0.05, 5%, B=0.2,C=10%, B=UNAVAILABLE:5%"},
		{"hang-rate", &e.HangRate, "share of the interactions that get no answer until the caller's deadline"},
		{"latency", &e.Latency, "an upstream's work: none, 5ms, lognormal(MEDIAN,P99), uniform(LO,HI), exponential(MEAN), pareto(SCALE,SHAPE), 150us:10,2ms:5; per service as above"},
		{"outage", &e.Outage, "a service is away: B@10s+5s is from second 10 of the measured part, for 5 s"},
		{"fault", &e.Fault, "TARGET:KIND=VALUE@START+LENGTH, repeatable: B:slow=10@3s+2s, bus:drop=1%, D.store:delay=5ms, A.events:poison=1%, B:kill@10s restart=2s"},
		{"workers", &e.Workers, "what a service does at once, and how much may wait: 8, A=8,queue=100; without bound by default"},
		{"policy", &e.Policy, "what D does about a need: 'timeout=50ms retry=3 backoff=5ms..50ms budget=20% hedge=p95 breaker=50%/20/5s fallback=last-known'; A='...' for A's needs"},
	}
}

// Set gives a setting the value of a text, as its flag would; Upstreams and Depth are
// settings here as well. Its errors name the setting.
func (e *Experiment) Set(name, text string) error {
	if name == Upstreams || name == Depth {
		return e.setShape(name, text)
	}
	for _, s := range e.Settings() {
		if s.Name != name {
			continue
		}
		if err := s.Value.UnmarshalText([]byte(text)); err != nil {
			return wrong(name, "%v", err)
		}
		return nil
	}
	return wrong(name, "there is no such setting%s", setting.DidYouMean(name, append(e.names(), Upstreams, Depth)))
}

func (e *Experiment) names() []string {
	var names []string
	for _, s := range e.Settings() {
		names = append(names, s.Name)
	}
	return names
}

// Differences names the settings in which two experiments differ.
func (e *Experiment) Differences(other *Experiment) ([]string, error) {
	var out []string
	theirs := other.Settings()
	for i, s := range e.Settings() {
		a, err := s.Value.MarshalText()
		if err != nil {
			return nil, err
		}
		b, err := theirs[i].Value.MarshalText()
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(a, b) {
			out = append(out, s.Name)
		}
	}
	if !reflect.DeepEqual(e.Services, other.Services) {
		out = append(out, "services")
	}
	return out, nil
}

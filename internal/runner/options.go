package runner

import (
	"context"
	"slices"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/internal/bus"
	"crosstalk/internal/experiment"
	"crosstalk/internal/load"
	"crosstalk/internal/result"
	"crosstalk/internal/telemetry"
	"crosstalk/internal/topology"
	"crosstalk/scenarios"
)

// Options is how runs are carried out, apart from what they measure.
type Options struct {
	// Env has the network.
	Env fakesvc.Env
	// Nodes tells where the services run already; nil where they are to be started.
	Nodes topology.Nodes
	// Attach, from 1 on, tells this driver from others that add load to what another one
	// has prepared at Nodes; 0 is that other one.
	Attach int
	// Drivers is how many drivers offer the load at Nodes together: this one waits for
	// the others. Less than 2 is this one alone.
	Drivers int
	// Command starts a program whose command "serve" is a node; empty is this program.
	Command []string
	// Pacer is how the driver waits.
	Pacer load.Pacer
	// OTLP is where spans are exported to, host:port; empty for nowhere.
	OTLP string
	// Metrics shows what goes on; nil shows nothing. The run is told apart there by its
	// scenario and by Name, which no other run of the command may have.
	Metrics *telemetry.Metrics
	// Scraped is told where each child process serves its metrics, once they do, and of
	// none when they end. It is not called where there are none.
	Scraped func(scenario string, children []topology.Scraped) error
	// Name is the run's name; empty is that of its parent folder.
	Name string
	// Samples has every request written to samples.csv.
	Samples bool
	// Shared says that other runs are carried out in this process at the same time:
	// its CPU time then says nothing of this run, and is left out.
	Shared bool
	// Examine returns what the instrument can do on this machine at about a rate, which
	// is 0 for a closed loop. It is called before anything of the run is started, and not
	// where Shared is set: others would be measured too. Where it is nil the figures'
	// bounds are the fixed ones.
	Examine func(ctx context.Context, rate float64) (*result.Instrument, error)
	// Observe is called with each request that is complete, from many goroutines at
	// once; it may be nil.
	Observe func(result.Row)
	// Progress is called about every second, from the start on.
	Progress func(Progress)
	// Predicting is called before theory is asked at the end of a run, and what it
	// returns now and then until that has answered, with the share that is done.
	Predicting func(scenario string) func(share float64)
	// Waiting is told, from any goroutine, what has been waited for some seconds once
	// the load is over; nil is nobody.
	Waiting func(scenario, what string)
}

// Phase is what a run does.
type Phase string

// The phases, in their order.
const (
	Starting  Phase = "starting"
	WarmUp    Phase = "warm-up"
	Measuring Phase = "measuring"
	// Draining waits for the requests that are in flight.
	Draining Phase = "draining"
	// Catching waits for the replicas to show what was acknowledged.
	Catching  Phase = "catching up"
	Comparing Phase = "comparing" // the replicas with their owners
)

// Progress is how far a run is.
type Progress struct {
	Scenario string
	Phase    Phase
	// Waiting is how many are waited for: requests while Draining, changes while Catching.
	Waiting int64
	// WaitingFor is what is waited for while Starting, in words.
	WaitingFor string
	// Limit is how much longer the phase takes, and after Measuring how much longer at most;
	// 0 where that is not known.
	Limit time.Duration
	// Elapsed counts from the start of the measured part; negative in the warm-up.
	Elapsed, Duration time.Duration
	// P99 is that of the successes so far, good to an eighth of it; Oldest is the age
	// of the oldest answer.
	P99, Oldest time.Duration
	Counts      *load.Counts
}

func (o Options) examine(ctx context.Context, rate float64) (*result.Instrument, error) {
	if o.Examine == nil || o.Shared {
		return nil, nil
	}
	return o.Examine(ctx, rate)
}

// Probe fails where one of the scenarios needs a bus that does not answer, before
// any of them has run.
func Probe(ctx context.Context, names []string, e *experiment.Experiment, o Options) error {
	needed := slices.ContainsFunc(names, func(name string) bool {
		s, ok := scenarios.ByName(name)
		return ok && scenarios.NeedsBus(s, e)
	})
	if !needed || len(e.Kafka) == 0 {
		return nil
	}
	cluster, err := e.Cluster()
	if err != nil {
		return err
	}
	cluster.Dial = o.Env.Dial
	client, err := bus.Open(ctx, cluster)
	if err != nil {
		return err
	}
	return client.Close()
}

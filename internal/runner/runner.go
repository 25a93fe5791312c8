// Package runner carries out one run: it starts a topology, has the load offered
// to it and gathers what came out.
//
// Its law: it reaches the nodes over their ports alone, the services' and the
// controls', as it would if they ran elsewhere, and it leaves nothing running
// and nothing behind but the run's folder.
package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"crosstalk/internal/experiment"
	"crosstalk/internal/impact"
	"crosstalk/internal/load"
	"crosstalk/internal/result"
	"crosstalk/internal/store"
	"crosstalk/internal/sys"
	"crosstalk/internal/telemetry"
	"crosstalk/internal/topology"
	"crosstalk/internal/tracing"
	"crosstalk/scenarios"
)

// How long is waited for what should not take long.
const (
	startLimit = time.Minute
	// slowestRow is added to startLimit for each row that databases are filled with.
	slowestRow = 500 * time.Microsecond
	drainLimit = 30 * time.Second
	// lead is between the decision to begin and the first request, for the nodes
	// to be told.
	lead = 100 * time.Millisecond
)

// Run runs an experiment in one scenario and writes the run's folder below
// parent. When ctx ends it stops early and writes what was measured, with the
// verdict Interrupted. With an error there is a run, and its folder, only where
// there are figures all the same: an answer was wrong, which the error names, a node
// has ended by itself, or a file could not be written in full.
func Run(ctx context.Context, s scenarios.Scenario, e *experiment.Experiment, parent string, o Options) (*result.Run, error) {
	if err := sys.CheckOpenFiles(filesOf(s, e, o)); err != nil {
		return nil, fmt.Errorf("start %s: %w", s.Name, err)
	}
	instrument, err := o.examine(ctx, float64(e.Rate))
	if err != nil {
		return nil, err
	}
	data, err := sys.NewScratch()
	if err != nil {
		return nil, err
	}
	defer data.Remove()

	if o.OTLP != "" {
		if o.Env.Tracer, err = tracing.Open(ctx, o.OTLP, s.Name); err != nil {
			return nil, err
		}
		// Spans that a collector does not take in time are lost, and the run is not.
		defer o.Env.Tracer.Close()
	}
	name := cmp.Or(o.Name, filepath.Base(parent))
	o.Env.Metrics = o.Metrics.Run(s.Name, name)
	defer o.Env.Metrics.End()
	r := &run{scenario: s, experiment: e, options: o, instrument: instrument}
	if err := r.place(ctx, topology.World{
		World: scenarios.World{
			Env: o.Env, Dir: data.Path(), Bus: e.Kafka,
			Prefix: fmt.Sprintf("crosstalk-%s-%d-%d", s.Name, time.Now().UnixMilli(), os.Getpid()),
		},
		Run: name, OTLP: o.OTLP, Metrics: o.Metrics != nil, Nodes: o.Nodes, Command: o.Command,
	}); err != nil {
		return nil, fmt.Errorf("start %s: %w", s.Name, err)
	}
	out, err := r.scraped(func() (*result.Run, error) { return r.measure(ctx, filepath.Join(parent, s.Name)) })
	o.Env.Metrics.End() // while the hosts can be read
	defer r.waiting("the processes to leave")()
	return out, errors.Join(err, r.topology.Close())
}

// filesOf estimates how many files a run has open in this process.
func filesOf(s scenarios.Scenario, e *experiment.Experiment, o Options) int {
	g := sys.OpenFileGraph{Services: len(e.Services)}
	if o.Nodes != nil {
		return sys.OpenFilesNeeded(g)
	}
	for _, service := range e.Services {
		g.Needs += len(service.Needs)
	}
	if scenarios.NeedsBus(s, e) {
		g.Partitions = int(e.Partitions)
	}
	return sys.OpenFilesNeeded(g)
}

// scraped measures while it is known where the children serve their metrics.
func (r *run) scraped(measure func() (*result.Run, error)) (*result.Run, error) {
	children := r.topology.Scraped()
	if r.options.Scraped == nil || len(children) == 0 {
		return measure()
	}
	if err := r.options.Scraped(r.scenario.Name, children); err != nil {
		return nil, err
	}
	out, err := measure()
	return out, errors.Join(err, r.options.Scraped(r.scenario.Name, nil))
}

type run struct {
	scenario   scenarios.Scenario
	experiment *experiment.Experiment
	options    Options
	topology   *topology.Topology
	instrument *result.Instrument // nil where it was not examined

	nodes    *nodes
	watching *watching
	pulse    *pulse
	recorder *result.Recorder
	driver   *load.Driver
	book     *load.Oracle
	stages   atomic.Pointer[stage]
	lag      *load.Lag
	applied  applications
	impact   *impact.Tracker
	live     live
	shown    *telemetry.Driver
	begin    time.Time
	cpu      cpuMeter
	distance *result.RoundTrip // of the cluster; nil without
	gc       gcMeter
	// awaited is how long after the measured part the replicas were looked at last.
	awaited time.Duration
	tables  comparison
	pending map[string][]pending // by owner
	// failed is why the run has ended early, of itself; missing names the nodes that
	// tell nothing at its end.
	failed, missing error
	// unexcused says of which stale answers no fallback was delivered.
	unexcused error
	// unwritten says which files are not complete.
	unwritten error
}

func (r *run) measure(ctx context.Context, dir string) (out *result.Run, err error) {
	if r.nodes, err = connect(ctx, r.topology, r.experiment, r.attached()); err != nil {
		return nil, err
	}
	defer r.nodes.close()
	if err := r.calibrate(ctx); err != nil {
		return nil, err
	}
	if err := r.awaitDrivers(ctx); err != nil {
		return nil, err
	}

	folder, err := result.Create(dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if out == nil {
			err = errors.Join(err, folder.Remove())
		}
	}()
	if r.recorder, err = folder.Record(r.options.Samples); err != nil {
		return nil, err
	}
	defer func() {
		if r.watching != nil { // until the nodes have told what they counted
			r.watching.stop()
		}
		if r.pulse != nil {
			r.pulse.stop()
		}
	}()
	offered := r.offer(ctx)
	r.unwritten = r.recorder.Close()
	if offered != nil && !errors.Is(offered, context.Canceled) {
		r.failed = r.withLastWords(offered, folder.Dir())
	}
	measured, err := r.summarise(ctx, offered != nil)
	if err != nil {
		return nil, err
	}
	if offered != nil && nothingMeasured(measured) {
		return nil, offered
	}
	return measured, errors.Join(r.wrong(), cmp.Or(r.failed, r.missing, r.tables.failed), r.unwritten, folder.Write(measured))
}

// nothingMeasured tells whether nothing of the measured part was sent. What was cut off
// at an interrupt counts: that it had no answer yet is a finding.
func nothingMeasured(out *result.Run) bool {
	return out.Requests.Sent+out.Requests.Interrupted+out.Writes.Sent()+out.Writes.Interrupted == 0
}

// offer offers the load and waits until all of it is complete and visible. Its
// error is ctx's, or that of a host that failed.
func (r *run) offer(ctx context.Context) error {
	e := r.experiment
	r.equip()

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if !r.attached() { // else it is the other driver's
		r.begin = time.Now().Add(lead + time.Duration(e.WarmUp))
	}
	r.recorder.Begin(r.begin)
	r.show()
	w, err := r.nodes.watch(ctx, r.lag, &r.applied, r.begin)
	if err != nil {
		return err
	}
	r.watching = w
	defer w.deafen()
	w.impact = r.impact
	w.restarted = r.book.Restarted
	w.forgets = func(c *control) bool { return e.StoreOf(c.Process.Name).Kind == store.Memory }
	if err := r.nodes.begin(ctx, r.begin); err != nil {
		return err
	}
	r.pulse = r.feel(ctx)
	aside := r.beside(ctx, cancel, witness{w, r.pulse})
	defer aside()

	err = r.drive(ctx)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// drive has the load offered, and checks what is left of it. Its error is ctx's: then
// nothing that follows is done.
func (r *run) drive(ctx context.Context) error {
	for _, step := range []func() error{
		func() error { return r.driver.Run(ctx, r.begin) },
		func() error { return r.awaitVisible(ctx) },
		func() error { return r.compare(ctx) },
	} {
		if err := step(); err != nil {
			r.tables.NotCompared = "the run ended early"
			if errors.Is(context.Cause(ctx), context.Canceled) {
				r.tables.NotCompared = "interrupted"
			}
			return err
		}
	}
	return nil
}

// equip makes the driver, and all that is told of what it does.
func (r *run) equip() {
	e := r.experiment
	r.impact = impact.New(e.Faults())
	r.recorder.Observe(r.observe)
	r.lag = load.NewLag(r.replicas(), func(at, lag time.Duration) {
		r.recorder.AddLag(at, lag)
		r.impact.AddLag(at, lag)
		r.shown.Lag(lag)
	})
	r.book = r.oracle()
	r.driver = load.NewDriver(load.Config{
		Plan: r.plan(), MaxInFlight: int(e.MaxInFlight),
		Timeout: time.Duration(e.Timeout), OwnTimeout: true, // the clients have it
		Concurrency: int(e.Concurrency), DrainLimit: drainLimit, Pacer: r.options.Pacer,
	}, r.nodes.target(uint64(e.Seed), r.options.Attach, r.options.Env.Tracer, r.options.Nodes != nil), r.book, r.lag, r.recorder)
}

func (r *run) observe(row result.Row) {
	r.impact.Add(row)
	r.live.add(row)
	r.answered(row)
	if r.options.Observe != nil {
		r.options.Observe(row)
	}
}

// oracle bounds how stale an answer may be where D asks the owners: without a cache
// that is declared, it has what was acknowledged before the request was sent. A replica
// is as stale as it is, and so is an answer of a fallback: those are counted.
func (r *run) oracle() *load.Oracle {
	entry := r.experiment.Entry()
	var names []string
	for _, n := range entry.Needs {
		names = append(names, n.Service)
	}
	size, timeout := int(r.experiment.Payload), time.Duration(r.experiment.Timeout)
	if r.attached() {
		return load.NewBystander(names, size, timeout)
	}
	o := load.NewOracle(names, size, timeout)
	copied := scenarios.Copies(r.scenario, r.experiment)
	for _, n := range entry.Needs {
		cache := r.options.Nodes[entry.Name].Cache
		switch {
		case slices.Contains(copied, scenarios.Copy{Consumer: entry.Name, Owner: n.Service}):
		case !r.experiment.PolicyOf(entry.Name, n).Fallback:
			o.Bound(n.Service, cache)
		case cache == 0 && r.countsFallbacks():
			o.Excuse(n.Service)
		}
	}
	return o
}

// replicas are those of each copy of a service; of one's own there are none, which
// does not tell what it shows.
func (r *run) replicas() []load.Replica {
	var out []load.Replica
	for _, c := range scenarios.Copies(r.scenario, r.experiment) {
		for _, keeper := range r.nodes.of(c.Consumer) {
			if !keeper.shares {
				out = append(out, load.Replica{Consumer: keeper.replica(c.Consumer), Owner: c.Owner})
			}
		}
	}
	return out
}

// wrong names the answers, or the rows of a table, that are wrong.
func (r *run) wrong() error {
	var twice error
	if n := r.applied.count(); n > 0 {
		twice = fmt.Errorf("%d changes were applied to a copy again", n)
	}
	return errors.Join(r.driver.Wrong(), r.unexcused, r.tables.wrong, twice)
}

// awaitVisible waits until the replicas show every acknowledged change, and for
// at most drainLimit. Its error is ctx's.
func (r *run) awaitVisible(ctx context.Context) (err error) {
	defer r.waiting("the replicas to show what was written")()
	limit := time.Now().Add(drainLimit)
	defer r.stage(Catching, limit)()
	for r.lag.Unseen() > 0 && time.Now().Before(limit) && err == nil && !r.pulse.stuck() {
		err = load.Timer(ctx, time.Now().Add(5*time.Millisecond))
	}
	r.awaited = time.Since(r.begin.Add(r.driver.Offered()))
	return err
}

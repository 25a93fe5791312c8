package topology

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"crosstalk/fakesvc"
	"crosstalk/internal/clock"
	"crosstalk/internal/telemetry"
	"crosstalk/internal/tracing"
	"crosstalk/scenarios"
)

// AgentConfig is what a process is started as.
type AgentConfig struct {
	// Env has the network, and who may control the node.
	Env fakesvc.Env
	// Control is where the control answers, open already; RunAgent closes it.
	Control net.Listener
	// Service is the process that the node can be; empty is any.
	Service string
	// Listen is where the services are offered, host:port.
	Listen string
	// Dir is where databases go.
	Dir string
	// Grace is for how long what is under way may go on when the process is to end.
	Grace time.Duration
	// Own is what the node is where no driver asks anything else; nil is nothing.
	Own *Task
	// Metrics shows what goes on; nil shows nothing.
	Metrics *telemetry.Metrics
	Log     zerolog.Logger
}

// Agent is a node as a process: it answers the driver before there is a host, builds the
// host that the driver asks for, and ends it in good order. It is one process of a topology
// at a time, the last one that was asked of it; whatever it was before is gone when that is
// ready. What it keeps on disk is of one run, and survives a kill: asked for the same run
// again, it goes on where it was.
type Agent struct {
	AgentConfig
	life   context.Context
	failed chan error

	mu     sync.Mutex           // held while something is built or ended
	node   atomic.Pointer[node] // nil where there is none; read without waiting for what is being built
	left   bool                 // and will be nothing any more
	giveUp context.CancelFunc
	asking sync.Mutex // guards giveUp
}

// node is what was asked for, running.
type node struct {
	prefix   string
	watchers atomic.Int64 // which a driver is as long as its run goes on
	task     Task
	topology *scenarios.Topology
	host     *fakesvc.Host
	metrics  *telemetry.Run
	tracer   *tracing.Tracer
	measured time.Duration // the length of the measured part
	spent    meter
	begins   atomic.Int64 // Unix nanoseconds; 0 until that is known
	attached attached
	ended    chan struct{}
}

// RunAgent is a node until ctx ends, and then leaves in good order. Its error is that of
// a part of the node that ended by itself, or says that the grace was not enough.
func RunAgent(ctx context.Context, c AgentConfig) error {
	a := &Agent{AgentConfig: c, life: ctx, failed: make(chan error, 1)}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, serving := errgroup.WithContext(serving)
	group.Go(func() error { return fakesvc.ServeControl(serving, c.Control, control{agent: a}, c.Env.Access) })
	if c.Own != nil {
		group.Go(func() error { a.own(ctx); return nil })
	}
	group.Go(func() error {
		defer stop()
		select {
		case <-ctx.Done():
			a.Log.Info().Stringer("grace", c.Grace).Msg("leaving")
			return a.leave()
		case err := <-a.failed:
			a.Log.Error().Err(err).Msg("a part of the node has ended")
			return errors.Join(err, a.leave())
		case <-serving.Done():
			return a.leave()
		}
	})
	return group.Wait()
}

// own makes the node what it was started as, again and again where that fails: what
// it needs may not be there yet. Being asked for something else meanwhile, or the end
// of ctx, ends that.
func (a *Agent) own(ctx context.Context) {
	for {
		_, err := a.prepare(ctx, *a.Own)
		if err == nil || ctx.Err() != nil || errors.Is(err, errSuperseded) || errors.Is(err, errLeaving) {
			return
		}
		a.Log.Warn().Err(err).Stringer("again_in", retryEvery).Msg("not ready")
		if clock.Sleep(ctx, retryEvery) != nil {
			return
		}
	}
}

// retryEvery is the pause before a node that could not start tries again.
const retryEvery = time.Second

var (
	errSuperseded = errors.New("something else was asked for meanwhile")
	errLeaving    = errors.New("this node is leaving")
)

// prepare builds what is asked for in place of what there is, and returns when it is
// ready, with its address.
func (a *Agent) prepare(ctx context.Context, t Task) (address string, err error) {
	if a.Service != "" && t.Process.Name != a.Service {
		return "", fmt.Errorf("this node is %s, and not %s", a.Service, t.Process.Name)
	}
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	a.asking.Lock()
	if a.giveUp != nil {
		a.giveUp()
	}
	a.giveUp = func() { giveUp(errSuperseded) }
	a.asking.Unlock()

	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case a.left:
		return "", errLeaving
	}
	a.endBefore()
	n, err := a.build(ctx, t)
	if err != nil {
		if cause := context.Cause(ctx); errors.Is(cause, errSuperseded) {
			return "", cause
		}
		return "", err
	}
	a.node.Store(n)
	a.Log.Info().Str("as", t.Process.Name).Str("scenario", t.Scenario.Name).Str("address", n.host.Address()).Msg("ready")
	return n.host.Address(), nil
}

func (a *Agent) build(ctx context.Context, t Task) (*node, error) {
	dir, err := a.folder(t.Prefix)
	if err != nil {
		return nil, err
	}
	n := &node{
		task:   t,
		prefix: t.Prefix, metrics: a.Metrics.Run(t.Scenario.Name, t.Run),
		measured: time.Duration(t.Experiment.Duration), ended: make(chan struct{}),
	}
	if t.OTLP != "" {
		if n.tracer, err = tracing.Open(ctx, t.OTLP, t.Scenario.Name); err != nil {
			n.metrics.End()
			return nil, err
		}
	}
	env := a.Env
	env.Address, env.Groups, env.Metrics, env.Tracer, env.Writer = t.address, true, n.metrics, n.tracer, t.Writer
	n.topology, n.host, err = scenarios.StartProcess(ctx, t.Scenario, t.Experiment, t.Process, scenarios.World{
		Env: env, Dir: dir, Bus: t.Kafka, Prefix: t.Prefix, Listen: a.Listen,
	})
	if err != nil {
		n.metrics.End()
		return nil, errors.Join(fmt.Errorf("start %s: %w", t.Process.Name, err), n.tracer.Close())
	}
	go a.watch(n)
	return n, nil
}

// ours is the folder in AgentConfig.Dir that has all that is kept: what else is there is
// somebody else's.
const ours = "crosstalk-data"

// folder returns that of a run's databases, and removes those of other runs.
func (a *Agent) folder(prefix string) (string, error) {
	mine := filepath.Join(a.Dir, ours, prefix)
	others, err := filepath.Glob(filepath.Join(a.Dir, ours, "*"))
	if err != nil {
		return "", err
	}
	for _, other := range others {
		if other != mine {
			if err := os.RemoveAll(other); err != nil {
				return "", fmt.Errorf("remove the databases of another run: %w", err)
			}
		}
	}
	if err := os.MkdirAll(mine, 0o700); err != nil {
		return "", fmt.Errorf("make a folder for the databases: %w", err)
	}
	return mine, nil
}

// watch passes on that a part of the node has failed, while it is the node.
func (a *Agent) watch(n *node) {
	select {
	case err := <-n.topology.Failed():
		a.fail(err)
	case <-n.ended:
	}
}

func (a *Agent) fail(err error) {
	select {
	case a.failed <- err:
	default: // the first failure is the reason
	}
}

// endBefore ends what the node was before, within the grace. That this is in bad order
// is no reason not to be something else.
func (a *Agent) endBefore() {
	ctx, cancel := context.WithTimeout(context.Background(), a.Grace)
	defer cancel()
	if err := a.end(ctx); err != nil {
		a.Log.Warn().Err(err).Msg("ending what the node was before")
	}
}

// end ends what the node is. Where ctx has no time left, it cuts what is under way.
func (a *Agent) end(ctx context.Context) error {
	n := a.node.Load()
	if n == nil {
		return nil
	}
	a.node.Store(nil)
	close(n.ended)
	left := n.host.Leave(ctx)
	n.metrics.End()
	closed := n.topology.Close()
	// Spans that the collector does not take in time are lost, and the run is not.
	if err := n.tracer.Close(); err != nil {
		a.Log.Warn().Err(err).Msg("exporting the last spans")
	}
	return errors.Join(left, closed)
}

func (a *Agent) leave() error {
	a.asking.Lock()
	if a.giveUp != nil {
		a.giveUp()
	}
	a.asking.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), a.Grace)
	defer cancel()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.left = true
	if err := a.end(ctx); err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("what was under way did not end within the grace of %v", a.Grace)
		}
		return err
	}
	return nil
}

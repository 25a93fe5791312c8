package topology

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/status"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/experiment"
	"crosstalk/scenarios"
)

// Attach returns the topology of a scenario that another driver has prepared on nodes,
// as soon as that one tells when its measured part begins, and when that is. Nothing of
// it is controlled: it is not prepared, begun or released, and it has the address of
// the entry alone. It is an error where the other driver runs another experiment, apart
// from the seed, or where its measured part has begun already.
func Attach(ctx context.Context, s scenarios.Scenario, e *experiment.Experiment, w World) (t *Topology, begin time.Time, err error) {
	t = &Topology{Topology: scenarios.Elsewhere(w.Env), Kind: Elsewhere}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.Close())
		}
	}()
	entry := e.Entry().Name
	t.Env.Timeout = time.Duration(e.Timeout)
	t.Env.Address = func(string) string { return w.Nodes[entry].Address }
	control, err := anyControl(ctx, s, e, w.Nodes)
	if err != nil {
		return t, begin, err
	}
	client, err := fakesvc.DialControl(w.Env, control)
	if err != nil {
		return t, begin, err
	}
	t.OnClose(client.Close)
	if err := client.Connected(ctx); err != nil {
		return t, begin, err
	}
	streaming, leave := context.WithCancel(context.WithoutCancel(ctx))
	t.OnClose(func() error { leave(); return nil })
	stream, err := client.Attach(streaming, &fakesvcpb.AttachRequest{Scenario: s.Name})
	if err != nil {
		return t, begin, err
	}
	stop := context.AfterFunc(ctx, leave) // only while it waits
	answer, err := stream.Recv()
	stop()
	switch {
	case ctx.Err() != nil:
		return t, begin, fmt.Errorf("no driver has begun %s on these nodes: %w", s.Name, ctx.Err())
	case err != nil:
		return t, begin, fmt.Errorf("attach to the node at %s: %s", control, status.Convert(err).Message())
	case answer.GetInNanos() < 0:
		return t, begin, fmt.Errorf("the measured part began %v ago: a driver that adds load is started before, or in its warm-up",
			time.Duration(-answer.GetInNanos()).Round(time.Millisecond))
	}
	return t, time.Now().Add(time.Duration(answer.GetInNanos())), sameExperiment(e, answer.GetExperiment())
}

// anyControl is the control of the entry or, where it has none, of another node: each
// is told when the measured part begins.
func anyControl(ctx context.Context, s scenarios.Scenario, e *experiment.Experiment, nodes Nodes) (string, error) {
	for _, p := range slices.Backward(e.SuppliersFirst()) {
		of := func(q scenarios.Process) bool { return q.Name == p.Name }
		address, _, _ := strings.Cut(nodes[p.Name].Control, ",")
		if address == "" || !slices.ContainsFunc(scenarios.Processes(s, e), of) {
			continue
		}
		found, err := resolve(ctx, address)
		if err != nil {
			return "", fmt.Errorf("nodes: control of %s: %w", p.Name, err)
		}
		slices.Sort(found) // the same copy for every driver
		return found[0], nil
	}
	return "", errors.New("nodes: none of them has a control, which tells when the load begins")
}

// sameExperiment refuses to add load to an experiment that is another one: no result
// could be made of both.
func sameExperiment(mine *experiment.Experiment, text string) error {
	theirs := experiment.Default()
	file, err := experiment.ReadFile("the experiment of the nodes", []byte(text))
	if err == nil {
		err = file.Decode(&theirs)
	}
	if err != nil {
		return err
	}
	names, err := mine.Differences(&theirs)
	names = slices.DeleteFunc(names, func(name string) bool { return name == "seed" || name == "scenario" })
	if err == nil && len(names) > 0 {
		err = fmt.Errorf("the nodes were prepared for another experiment, in %s: drivers of one load have all settings in common but the seed", strings.Join(names, ", "))
	}
	return err
}

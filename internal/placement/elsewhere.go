package placement

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/scenarios"
)

// findNodes finds the controls of nodes that run already, and has them released at
// the end.
func (p *placing) findNodes(ctx context.Context) error {
	if scenarios.NeedsBus(p.scenario, p.experiment) && len(p.experiment.Kafka) == 0 {
		return fmt.Errorf("kafka: %s needs a bus that the nodes reach: name a cluster", p.scenario.Name)
	}
	for _, f := range p.experiment.Faults() {
		if f.Kind.Signals() {
			return fmt.Errorf("fault: %v is done to child processes, and these nodes run elsewhere", f)
		}
	}
	for _, m := range p.members {
		node, ok := p.world.Nodes[m.Name]
		if !ok {
			return fmt.Errorf("nodes: nothing tells where %s is", m.Name)
		}
		for control := range strings.SplitSeq(node.Control, ",") {
			if control == "" {
				continue
			}
			found, err := resolve(ctx, control)
			if err != nil {
				return fmt.Errorf("nodes: control of %s: %w", m.Name, err)
			}
			m.controls = append(m.controls, found...)
		}
	}
	p.OnClose(func() error { return p.release(context.WithoutCancel(ctx)) })
	return nil
}

// resolve returns a host:port for each address that a name stands for: each is a
// node of its own.
func resolve(ctx context.Context, address string) ([]string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	found, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		return nil, err
	}
	for i := range found {
		found[i] = net.JoinHostPort(found[i], port)
	}
	return found, nil
}

// release has the nodes be again what they were started as.
func (p *placing) release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, releaseLimit)
	defer cancel()
	var errs []error
	for _, c := range p.Controls {
		client, err := fakesvc.DialControl(p.Env, c.Address)
		if err == nil {
			_, err = client.Release(ctx, &fakesvcpb.ReleaseRequest{})
			err = errors.Join(err, client.Close())
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("release %s at %s: %w", c.Process.Name, c.Address, err))
		}
	}
	return errors.Join(errs...)
}

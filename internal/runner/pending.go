package runner

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/fault"
	"crosstalk/internal/load"
	"crosstalk/internal/record"
	"crosstalk/scenarios"
)

// pending is what a node still has to pass on of an owner's changes.
type pending struct {
	consumer string // of a replica; empty is the owner, and all replicas
	by       string // the faults that hold it up; empty where there is none
	newest   map[record.Key]uint64
	more     bool
}

// has tells whether a change is on its way, or a newer one of its key.
func (p pending) has(c load.Change) bool {
	return (p.consumer == "" || p.consumer == c.Consumer) && (p.more || p.newest[c.Key] >= c.Version)
}

// learnPending asks the owner and then the keepers of replicas what they have to pass
// on: in the order in which changes go, so that none is overlooked.
func (r *run) learnPending(ctx context.Context, owner string) error {
	var all []pending
	ask := func(c *control, service, consumer string) error {
		p, err := c.pendingOf(ctx, service, owner)
		if err != nil {
			return err
		}
		p.consumer, p.by = consumer, r.holders(service)
		all = append(all, p)
		return nil
	}
	for _, c := range r.nodes.of(owner) {
		if err := ask(c, owner, ""); err != nil {
			return err
		}
	}
	for _, copied := range scenarios.Copies(r.scenario, r.experiment) {
		for _, c := range r.nodes.of(copied.Consumer) {
			if copied.Owner != owner || c.shares {
				continue
			}
			if err := ask(c, copied.Consumer, c.replica(copied.Consumer)); err != nil {
				return err
			}
		}
	}
	if r.pending == nil {
		r.pending = make(map[string][]pending)
	}
	r.pending[owner] = all
	return nil
}

func (c *control) pendingOf(ctx context.Context, service, owner string) (pending, error) {
	p := pending{newest: make(map[record.Key]uint64)}
	err := c.rows(ctx, &fakesvcpb.RowsRequest{Service: service, Owner: owner, Pending: true}, func(m *fakesvcpb.RowsResponse) {
		p.more = p.more || m.GetMore()
		for _, row := range m.GetRows() {
			key := record.Key(row.GetKey())
			p.newest[key] = max(p.newest[key], row.GetVersion())
		}
	})
	return p, err
}

// holders names what may hold up the changes that a service publishes, or applies.
func (r *run) holders(service string) string {
	var names []string
	for _, f := range r.experiment.Faults() {
		if f.Target.Service == service && f.Target.Part != fault.Events || f.Target.Part == fault.Bus {
			names = append(names, f.String())
		}
	}
	if w := r.experiment.CapacityOf(service); w.Workers > 0 {
		names = append(names, fmt.Sprintf("--workers=%s=%v", service, w))
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("held up in %s by %s", service, strings.Join(slices.Compact(names), ", "))
}

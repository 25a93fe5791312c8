package topology

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"crosstalk/internal/clock"
	"crosstalk/internal/fault"
)

// For how long is waited for what a process does.
const (
	startLimit   = 10 * time.Second
	leaveLimit   = 12 * time.Second // more than its own grace
	releaseLimit = 10 * time.Second
	readyLimit   = time.Minute
)

// startChildren starts every copy of every process as a child.
func (p *placing) startChildren(ctx context.Context) error {
	program, err := programOf(p.world.Command)
	if err != nil {
		return err
	}
	for _, m := range p.members {
		for i := range p.experiment.CopiesOf(m.Name) {
			c := p.nodeOf(m, i, program)
			p.children = append(p.children, c)
			if err := c.start(ctx, p.died); err != nil {
				return err
			}
			m.controls = append(m.controls, c.control)
		}
	}
	return nil
}

// nodeOf returns a copy of a node, not started.
func (p *placing) nodeOf(m *member, index int, program []string) *child {
	c := &child{name: m.Name, program: program, token: p.Env.Access.Token, node: true}
	if index > 0 {
		c.name = fmt.Sprintf("%s/%d", m.Name, index)
	} else {
		c.faults = signalsFor(m, p.experiment.Faults())
	}
	dir := p.folder(m, index)
	c.args = func(c *child) []string {
		args := []string{
			"serve", "--service=" + m.Name, "--listen=" + cmp.Or(c.listen, anyPort), "--control=" + cmp.Or(c.control, anyPort),
			"--data=" + dir, "--grace=" + grace.String(),
		}
		if p.world.Metrics {
			args = append(args, "--metrics="+cmp.Or(c.metrics, anyPort))
		}
		return args
	}
	c.ready = func(ctx context.Context, c *child, w Witness) error {
		if err := p.prepareAgain(ctx, m, c.control); err != nil {
			return err
		}
		return w.Again(ctx, c.control)
	}
	return c
}

// prepareAgain prepares a node that was started anew. What it needs may be away as
// well: it is asked until that is back, as whatever else restarts processes does.
func (p *placing) prepareAgain(ctx context.Context, m *member, control string) error {
	limit := time.Now().Add(readyLimit)
	for {
		_, err := p.prepare(ctx, m, control)
		if err == nil || time.Now().After(limit) {
			return err
		}
		if err := clock.Sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// startBroker starts the embedded broker as a child, whose records survive it being
// killed.
func (p *placing) startBroker(ctx context.Context) (address string, err error) {
	program, err := programOf(p.world.Command)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(p.world.Dir, "bus")
	c := &child{name: "the broker", program: program}
	for _, f := range p.experiment.Faults() {
		if f.Kind.Signals() && f.Target.Part == fault.Bus {
			c.faults = append(c.faults, &signalled{Fault: f})
		}
	}
	c.args = func(c *child) []string {
		return []string{"broker", "--listen=" + cmp.Or(c.listen, anyPort), "--data=" + dir}
	}
	c.ready = func(context.Context, *child, Witness) error { return nil }
	p.children = append(p.children, c)
	err = c.start(ctx, p.died)
	return c.listen, err
}

// folder is where a copy keeps its databases. The copies of an owner share one, as
// the instances of a service share their database; of a service that owns nothing,
// each has its own.
func (p *placing) folder(m *member, index int) string {
	dir := filepath.Join(p.world.Dir, m.Name)
	if m.Name == p.experiment.Entry().Name {
		dir += "-" + strconv.Itoa(index)
	}
	return dir
}

// signalsFor returns the faults that are signals to one of the services of a process.
func signalsFor(m *member, faults fault.Faults) []*signalled {
	var out []*signalled
	for _, f := range faults {
		for _, s := range m.Services {
			if f.Kind.Signals() && f.Target == (fault.Target{Service: s.Name}) {
				out = append(out, &signalled{Fault: f})
			}
		}
	}
	return out
}

// endChildren asks all of them to leave, the broker last, and kills those that do not
// in time.
func (p *placing) endChildren() error {
	errs := make([]error, len(p.children))
	var ending sync.WaitGroup
	for i, c := range p.children {
		if c.node {
			ending.Go(func() { errs[i] = c.end() })
		}
	}
	ending.Wait()
	return errors.Join(errs...)
}

// endBroker does that with the broker.
func (p *placing) endBroker() error {
	for _, c := range p.children {
		if !c.node {
			return c.end()
		}
	}
	return nil
}

// perform has a process die or leave for the window of a fault.
func (t *Topology) perform(ctx context.Context, c *child, f *signalled, begin time.Time, w Witness) error {
	if clock.Sleep(ctx, time.Until(begin.Add(f.Window.Start))) != nil {
		return nil
	}
	if c.node {
		if err := w.Before(ctx, c.control); err != nil {
			return err
		}
	}
	f.delivered.Start = time.Since(begin)
	w.Signals(f.Window, f.delivered.Start)
	if err := c.signal(f.Kind); err != nil {
		return err
	}
	defer func() { f.delivered.Length = time.Since(begin) - f.delivered.Start }() // also where the run ends before
	if clock.Sleep(ctx, time.Until(begin.Add(f.Window.End()))) != nil {
		return nil
	}
	if err := c.gone(ctx); err != nil {
		return err
	}
	if err := c.start(ctx, t.died); err != nil {
		return err
	}
	if err := c.ready(ctx, c, w); err != nil {
		return err
	}
	return nil
}

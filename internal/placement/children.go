package placement

import (
	"context"
	"crypto/rand"
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
)

// startChildren starts every copy of every process as a child.
func (p *placing) startChildren(ctx context.Context) error {
	program, err := programOf(p.world.Command)
	if err != nil {
		return err
	}
	p.Env.Access.Token = rand.Text()
	// What ends last is added first: the children are cut loose before the bus is.
	p.OnClose(p.endChildren)
	for _, m := range p.members {
		for i := range p.experiment.CopiesOf(m.Name) {
			c := &child{member: m, index: i, program: program, token: p.Env.Access.Token, dir: p.folder(m, i)}
			if p.world.Metrics {
				c.metrics = anyPort
			}
			if i == 0 {
				c.faults = signalsFor(m, p.experiment.Faults())
			}
			p.children = append(p.children, c)
			if err := c.start(ctx, p.Fail); err != nil {
				return err
			}
			m.controls = append(m.controls, c.control)
		}
	}
	return nil
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
			if f.Kind.Signals() && f.Target.Service == s.Name {
				out = append(out, &signalled{Fault: f})
			}
		}
	}
	return out
}

// endChildren asks all of them to leave, and kills those that do not in time.
func (p *placing) endChildren() error {
	errs := make([]error, len(p.children))
	var ending sync.WaitGroup
	for i, c := range p.children {
		ending.Go(func() { errs[i] = c.end() })
	}
	ending.Wait()
	return errors.Join(errs...)
}

// perform has a process die or leave for the window of a fault.
func (t *Topology) perform(ctx context.Context, c *child, f *signalled, begin time.Time, w Witness) error {
	if clock.Sleep(ctx, time.Until(begin.Add(f.Window.Start))) != nil {
		return nil
	}
	if err := w.Before(ctx, c.control); err != nil {
		return err
	}
	f.delivered.Start = time.Since(begin)
	if err := c.signal(f.Kind); err != nil {
		return err
	}
	if clock.Sleep(ctx, time.Until(begin.Add(f.Window.End()))) != nil {
		return nil
	}
	if err := c.gone(ctx); err != nil {
		return err
	}
	if err := c.start(ctx, t.Fail); err != nil {
		return err
	}
	if _, err := t.prepare(ctx, c.member, c.control); err != nil {
		return err
	}
	f.delivered.Length = time.Since(begin) - f.delivered.Start
	return w.Again(ctx, c.control)
}

// name is that of a copy: A, or A/2 for the third of several.
func (c *child) name() string {
	if c.index == 0 {
		return c.member.Name
	}
	return fmt.Sprintf("%s/%d", c.member.Name, c.index)
}

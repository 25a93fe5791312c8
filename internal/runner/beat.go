package runner

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"crosstalk/internal/clock"
	"crosstalk/internal/result"
	"crosstalk/internal/topology"
)

const (
	// beatEvery is the pause between two signs of life that a process is asked for: a
	// few calls a second, which no figure shows.
	beatEvery = 250 * time.Millisecond
	// longestBeat is how long one may take. A control has nothing to do with the load:
	// what delays it so much is outside of what is measured.
	longestBeat = 500 * time.Millisecond
	// patience is for how long whatever waits for a process at the end goes on while that
	// gives no sign of life.
	patience = 5 * time.Second
)

// pulse asks each process for a sign of life, all the while.
type pulse struct {
	begin time.Time
	beats []*beat
	stop  func()
}

// beat is the pulse of one process.
type beat struct {
	name  string
	alive func(ctx context.Context) error

	mu sync.Mutex
	// since is when it was first asked for what it has not answered yet; zero where it
	// has answered all.
	since time.Time
	// away says that a fault has taken it away, and excused that this began, or ended,
	// while it was silent.
	away, excused bool
	silences      []silence
}

type silence struct{ from, until time.Time }

// feel has the pulse of each process felt until its stop is called. Where all is one
// process there is none.
func (r *run) feel(ctx context.Context) *pulse {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p := &pulse{begin: r.begin}
	var feeling sync.WaitGroup
	p.stop = func() {
		cancel()
		feeling.Wait()
	}
	if r.topology.Kind == topology.InProcess {
		return p
	}
	for _, c := range r.nodes.controls {
		c.beat = &beat{name: c.name(), alive: c.client.Alive}
		p.beats = append(p.beats, c.beat)
		feeling.Go(func() { c.beat.feel(ctx) })
	}
	return p
}

func (b *beat) feel(ctx context.Context) {
	for clock.Sleep(ctx, beatEvery) == nil {
		b.asked(time.Now())
		if err := b.alive(ctx); err == nil {
			b.answered(time.Now())
		}
	}
}

func (b *beat) asked(at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.since.IsZero() {
		b.since = at
	}
}

func (b *beat) answered(at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if at.Sub(b.since) >= longestBeat && !b.excused {
		b.silences = append(b.silences, silence{b.since, at})
	}
	b.since, b.excused = time.Time{}, b.away
}

// expect tells whether a fault has taken the process away.
func (b *beat) expect(away bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away, b.excused = away, b.excused || away
}

// gone tells since when the process has given no sign of life, where that is for longer
// than patience.
func (b *beat) gone() (since time.Time, gone bool) {
	if b == nil {
		return since, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.since, !b.since.IsZero() && time.Since(b.since) > patience
}

// within bounds what waits for the process: by limit, and by its giving no sign of life.
// The cause of the context that it returns then tells why.
func (b *beat) within(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it did not answer within %v", limit))
	if b == nil {
		return ctx, cancel
	}
	ctx, giveUp := context.WithCancelCause(ctx)
	go func() {
		for clock.Sleep(ctx, beatEvery) == nil {
			if since, gone := b.gone(); gone {
				giveUp(fmt.Errorf("it has given no sign of life for %v", time.Since(since).Round(100*time.Millisecond)))
			}
		}
	}()
	return ctx, func() { giveUp(nil); cancel() }
}

// stuck tells whether one of the processes has given no sign of life for longer than
// patience: what the others do then may never come.
func (p *pulse) stuck() bool {
	if p == nil {
		return false
	}
	for _, b := range p.beats {
		if _, gone := b.gone(); gone {
			return true
		}
	}
	return false
}

// silences are those that no fault asked for and that were in the measured part, which
// took so long.
func (p *pulse) silences(measured time.Duration) []result.Silence {
	if p == nil {
		return nil
	}
	var out []result.Silence
	for _, b := range p.beats {
		for _, s := range b.all(time.Now()) {
			start, end := s.from.Sub(p.begin), s.until.Sub(p.begin)
			if end > 0 && start < measured {
				out = append(out, result.Silence{Process: b.name, StartSeconds: start.Seconds(), LengthSeconds: (end - start).Seconds()})
			}
		}
	}
	return out
}

// all are the silences until now, with the one that goes on.
func (b *beat) all(now time.Time) []silence {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.silences[:len(b.silences):len(b.silences)]
	if !b.since.IsZero() && !b.excused && now.Sub(b.since) >= longestBeat {
		out = append(out, silence{b.since, now})
	}
	return out
}

// whySilent says which processes something outside of the run has held up.
func whySilent(silences []result.Silence) string {
	parts := make([]string, len(silences))
	for i, s := range silences {
		parts[i] = fmt.Sprintf("%s from %.1f s on for %.1f s", s.Process, s.StartSeconds, s.LengthSeconds)
	}
	return "no sign of life, and no fault asked for that: " + strings.Join(parts, ", ") +
		"; something outside of the run has stopped or starved it"
}

// witness tells the pulse of what is done to processes.
type witness struct {
	*watching
	pulse *pulse
}

// Before is told of a process that a fault is about to take away.
func (w witness) Before(ctx context.Context, address string) error {
	c := w.nodes.control(address)
	if c.beat != nil {
		c.beat.expect(true)
	}
	return w.watching.Before(ctx, address)
}

// Again is told of one that is back.
func (w witness) Again(ctx context.Context, address string) error {
	err := w.watching.Again(ctx, address)
	if c := w.nodes.control(address); c.beat != nil {
		c.beat.expect(false)
	}
	return err
}

package runner

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/result"
	"crosstalk/scenarios"
)

// patient is a process that answers at once but where it is stopped or away.
type patient struct {
	begin   time.Time
	stopped []silence // relative to begin
	away    []silence
}

func (p *patient) alive(ctx context.Context) error {
	at := func() time.Duration { return time.Since(p.begin) }
	in := func(all []silence) (until time.Duration, ok bool) {
		for _, s := range all {
			if from, until := s.from.Sub(time.Time{}), s.until.Sub(time.Time{}); at() >= from && at() < until {
				return until, true
			}
		}
		return 0, false
	}
	if _, ok := in(p.away); ok {
		return errors.New("connection refused")
	}
	if until, ok := in(p.stopped); ok {
		select {
		case <-time.After(until - at()):
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

func fromTo(from, until time.Duration) silence {
	return silence{time.Time{}.Add(from), time.Time{}.Add(until)}
}

// A process that gives no sign of life is told of, with from when to when; what a fault
// asked for, what is too short and what is not of the measured part is not.
func TestSilences(t *testing.T) {
	const s = time.Second
	for name, c := range map[string]struct {
		patient patient
		asked   []silence // by a fault
		want    []result.Silence
	}{
		"none":              {},
		"short":             {patient: patient{stopped: []silence{fromTo(1000*time.Millisecond, 1499*time.Millisecond)}}},
		"stopped":           {patient: patient{stopped: []silence{fromTo(2100*time.Millisecond, 5*s)}}, want: []result.Silence{{Process: "D", StartSeconds: 2.25, LengthSeconds: 2.75}}},
		"stopped for good":  {patient: patient{stopped: []silence{fromTo(8*s, 100*s)}}, want: []result.Silence{{Process: "D", StartSeconds: 8, LengthSeconds: 4}}},
		"away":              {patient: patient{away: []silence{fromTo(2100*time.Millisecond, 4*s)}}, want: []result.Silence{{Process: "D", StartSeconds: 2.25, LengthSeconds: 1.75}}},
		"away by a fault":   {patient: patient{away: []silence{fromTo(2*s, 4*s)}}, asked: []silence{fromTo(2*s, 4*s)}},
		"and then stopped":  {patient: patient{away: []silence{fromTo(2*s, 4*s)}, stopped: []silence{fromTo(6*s, 7*s)}}, asked: []silence{fromTo(2*s, 4*s)}, want: []result.Silence{{Process: "D", StartSeconds: 6, LengthSeconds: 1}}},
		"after the measure": {patient: patient{stopped: []silence{fromTo(10*s, 11*s)}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := c.patient
				p.begin = time.Now()
				b := &beat{name: "D", alive: p.alive}
				all := &pulse{begin: p.begin, beats: []*beat{b}}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go b.feel(ctx)
				for _, a := range c.asked {
					time.Sleep(time.Until(p.begin.Add(a.from.Sub(time.Time{}))))
					b.expect(true)
					time.Sleep(time.Until(p.begin.Add(a.until.Sub(time.Time{}))))
					b.expect(false)
				}
				time.Sleep(time.Until(p.begin.Add(12 * s)))
				synctest.Wait()
				if got := all.silences(10 * s); !slices.Equal(got, c.want) {
					t.Errorf("%+v, want %+v", got, c.want)
				}
			})
		})
	}
}

// What waits for a process that gives no sign of life is given up, and says why; what
// waits for one that lives has its limit.
func TestNobodyWaitsForTheSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := patient{begin: time.Now(), stopped: []silence{fromTo(time.Second, time.Hour)}}
		silent, living := &beat{alive: p.alive}, &beat{alive: (&patient{}).alive}
		feeling, end := context.WithCancel(t.Context())
		defer end()
		go silent.feel(feeling)
		go living.feel(feeling)
		for _, c := range []struct {
			beat  *beat
			limit time.Duration
			after time.Duration
			why   string
		}{
			{living, time.Second, time.Second, "it did not answer within 1s"},
			{nil, time.Second, time.Second, "it did not answer within 1s"},
			{silent, time.Minute, 4500 * time.Millisecond, "it has given no sign of life for 5.3s"},
		} {
			begun := time.Now()
			ctx, cancel := c.beat.within(t.Context(), c.limit)
			<-ctx.Done()
			if took := time.Since(begun).Round(500 * time.Millisecond); took != c.after || !strings.HasPrefix(context.Cause(ctx).Error(), c.why) {
				t.Errorf("after %v: %v, want %v: %s", took, context.Cause(ctx), c.after, c.why)
			}
			cancel()
		}
		if !(&pulse{beats: []*beat{living, silent}}).stuck() || (&pulse{beats: []*beat{living}}).stuck() {
			t.Error("it is not the silent one that is stuck")
		}
	})
}

// hanging is a control that never answers.
type hanging struct{ fakesvcpb.ControlClient }

func (hanging) Rows(ctx context.Context, _ *fakesvcpb.RowsRequest, _ ...grpc.CallOption) (grpc.ServerStreamingClient[fakesvcpb.RowsResponse], error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// A table is not waited for that a process keeps which gives no sign of life; the others
// are, for as long as rows may take.
func TestNoTableOfTheSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := patient{begin: time.Now(), stopped: []silence{fromTo(time.Second, time.Hour)}}
		silent := &beat{alive: p.alive}
		hangs := &fakesvc.ControlClient{ControlClient: hanging{}}
		feeling, end := context.WithCancel(t.Context())
		defer end()
		go silent.feel(feeling)
		for _, want := range []struct {
			beat  *beat
			after time.Duration
			why   string
		}{{silent, 6500 * time.Millisecond, "it has given no sign of life for 5.3s"}, {nil, rowLimit, "no row came for 30s"}} {
			begun := time.Now()
			c := &control{beat: want.beat, client: hangs, Control: scenarios.Control{Process: scenarios.Process{Name: "A"}}}
			err := c.rows(t.Context(), &fakesvcpb.RowsRequest{Service: "A", Owner: "A"}, func(*fakesvcpb.RowsResponse) {})
			took := time.Since(begun).Round(500 * time.Millisecond)
			if text := "read the records of A in A: " + want.why; err == nil || err.Error() != text || took != want.after {
				t.Errorf("after %v: %v, want %v: %s", took, err, want.after, text)
			}
		}
	})
}

package fault

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/internal/dist"
	"crosstalk/internal/setting"
)

const ms = time.Millisecond

func work(t *testing.T, text string) dist.Distribution {
	t.Helper()
	var d dist.Distribution
	if err := d.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return d
}

func mixed(t *testing.T) Rules {
	return Rules{
		Aborts:   Aborts{{codes.Internal, 0.1}, {codes.Unavailable, 0.2}},
		HangRate: 0.1,
		Work:     work(t, "lognormal(5ms,40ms)"),
	}
}

// Pinned: a change of these decisions changes every published experiment.
func TestDecisionsAreStable(t *testing.T) {
	b := boundaryOf("A", 1, mixed(t))
	for _, c := range []struct {
		i    Interaction
		want Decision
	}{
		{Interaction{Use: Call, ID: -1, Try: 0}, Decision{Delay: 2281454}},
		{Interaction{Use: Call, ID: 0, Try: 0}, Decision{Delay: 1164565}},
		{Interaction{Use: Call, ID: 5, Try: 0}, Decision{Hang: true}},
		{Interaction{Use: Call, ID: 6, Try: 0}, Decision{Delay: 6292507, Abort: codes.Unavailable}},
		{Interaction{Use: Call, ID: 12, Try: 0}, Decision{Delay: 5454098, Abort: codes.Internal}},
		{Interaction{Use: Publish, ID: 0, Try: 0}, Decision{Delay: 35258414}},
		{Interaction{Use: Publish, ID: 0, Try: 1}, Decision{Delay: 1734580}},
	} {
		if got := b.Decide(c.i); got != c.want {
			t.Errorf("Decide(%+v) = %#v, want %#v", c.i, got, c.want)
		}
	}
}

// decisions are those of many interactions, warm-up and attempts included.
func decisions(b *Boundary, kind Use) []Decision {
	var out []Decision
	for id := int64(-100); id < 300; id++ {
		for attempt := range 3 {
			out = append(out, b.Decide(Interaction{Use: kind, ID: id, Try: uint64(attempt)}))
		}
	}
	return out
}

func TestDecisionsDependOnWhatTheyAreFor(t *testing.T) {
	base := decisions(boundaryOf("A", 1, mixed(t)), Call)
	if !slices.Equal(base, decisions(boundaryOf("A", 1, mixed(t)), Call)) {
		t.Error("the same boundary decides differently")
	}
	for name, other := range map[string][]Decision{
		"another seed":    decisions(boundaryOf("A", 2, mixed(t)), Call),
		"another service": decisions(boundaryOf("B", 1, mixed(t)), Call),
		"another kind":    decisions(boundaryOf("A", 1, mixed(t)), Publish),
	} {
		same := 0
		for i := range base {
			if base[i].Delay == other[i].Delay && base[i].Delay != 0 {
				same++
			}
		}
		if same > 0 {
			t.Errorf("%s: %d of %d delays are the same", name, same, len(base))
		}
	}
	seen := make(map[time.Duration]bool)
	for _, d := range base {
		if d.Delay != 0 && seen[d.Delay] {
			t.Fatalf("two interactions are both delayed by %v", d.Delay)
		}
		seen[d.Delay] = true
	}
}

func TestFaultsAreIndependentOfEachOther(t *testing.T) {
	all := boundaryOf("A", 1, mixed(t))
	only := boundaryOf("A", 1, Rules{Aborts: mixed(t).Aborts})
	more := boundaryOf("A", 1, Rules{Aborts: Aborts{{codes.Unavailable, 0.5}}})
	for id := range int64(1000) {
		i := Interaction{ID: id}
		a, o, m := all.Decide(i), only.Decide(i), more.Decide(i)
		if !a.Hang && a.Abort != o.Abort {
			t.Fatalf("interaction %d: %v beside other faults, %v alone", id, a.Abort, o.Abort)
		}
		if a.Hang && (a.Delay != 0 || a.Abort != codes.OK) {
			t.Fatalf("interaction %d hangs and meets %+v", id, a)
		}
		if o.Abort != codes.OK && m.Abort == codes.OK {
			t.Fatalf("interaction %d fails at 30%% and not at 50%%", id)
		}
	}
}

// Pass must do what Decide says, whatever the order and however many pass at once.
func TestPassFollowsDecideAtAnyConcurrency(t *testing.T) {
	rules := mixed(t)
	rules.HangRate, rules.Work = 0, dist.Distribution{}
	want := make([]codes.Code, 2000)
	reference := boundaryOf("A", 7, rules)
	for id := range want {
		want[id] = reference.Decide(Interaction{ID: int64(id)}).Abort
	}
	for _, workers := range []int{1, 16} {
		b := boundaryOf("A", 7, rules)
		got := make([]codes.Code, len(want))
		order := rand.New(rand.NewPCG(1, uint64(workers))).Perm(len(want))
		var group sync.WaitGroup
		for w := range workers {
			group.Go(func() {
				for n := w; n < len(order); n += workers {
					got[order[n]] = status.Code(b.Pass(t.Context(), Interaction{ID: int64(order[n])}))
				}
			})
		}
		group.Wait()
		if !slices.Equal(got, want) {
			t.Errorf("%d workers: the errors are not those decided", workers)
		}
	}
}

func TestStatisticsOfAllFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := boundaryOf("A", 1, mixed(t))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		const n = 1000
		var hung, internal, unavailable int64
		var asked time.Duration
		var group sync.WaitGroup
		for id := range int64(n) {
			i := Interaction{ID: id}
			group.Go(func() { b.Pass(ctx, i) })
			d := b.Decide(i)
			asked += d.Delay
			switch {
			case d.Hang:
				hung++
			case d.Abort == codes.Internal:
				internal++
			case d.Abort == codes.Unavailable:
				unavailable++
			}
		}
		group.Wait()
		passed := n - hung
		mean := asked / time.Duration(passed)
		want := []Statistic{
			{Kind: "hang", Asked: 0.1, Interactions: n, Delivered: hung},
			{Kind: "delay", Asked: 1, Interactions: passed, Delivered: passed, MeanAsked: mean, MeanDelivered: mean},
			{Kind: "abort", Code: "INTERNAL", Asked: 0.1, Interactions: passed, Delivered: internal},
			{Kind: "abort", Code: "UNAVAILABLE", Asked: 0.2, Interactions: passed, Delivered: unavailable},
		}
		if got := b.Statistics(); !slices.Equal(got, want) {
			t.Errorf("statistics\n%+v, want\n%+v", got, want)
		}
	})
}

func TestWarmUpActsAndIsNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*ms)
		defer cancel()
		aborting := boundaryOf("A", 1, Rules{Aborts: Aborts{{codes.Unavailable, 1}}, Work: work(t, "5ms")})
		if err := aborting.Pass(ctx, Interaction{ID: -1}); status.Code(err) != codes.Unavailable {
			t.Errorf("error %v, want UNAVAILABLE", err)
		}
		hanging := boundaryOf("A", 1, Rules{HangRate: 1})
		if err := hanging.Pass(ctx, Interaction{ID: -1}); status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("error %v, want DEADLINE_EXCEEDED", err)
		}
		cut := boundaryOf("A", 1, Rules{Work: work(t, "5ms")})
		if err := cut.Pass(ctx, Interaction{ID: -1}); status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("error %v, want DEADLINE_EXCEEDED", err)
		}
		for _, b := range []*Boundary{aborting, hanging, cut} {
			for _, s := range b.Statistics() {
				if s.Interactions != 0 || s.Delivered != 0 || s.CutShort != 0 || s.MeanDelivered != 0 {
					t.Errorf("the warm-up is counted: %+v", s)
				}
			}
		}
	})
}

func TestZeroRulesTouchNothing(t *testing.T) {
	b := boundaryOf("A", 1, Rules{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	allocations := testing.AllocsPerRun(1000, func() {
		if err := b.Pass(ctx, Interaction{ID: 1}); err != nil {
			t.Fatal(err)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
	if d := b.Decide(Interaction{ID: 1}); d != (Decision{}) {
		t.Errorf("decision %+v", d)
	}
	if s := b.Statistics(); s != nil {
		t.Errorf("statistics %+v", s)
	}
}

func BenchmarkPass(b *testing.B) {
	for name, rules := range map[string]Rules{
		"zero":   {},
		"aborts": {Aborts: Aborts{{codes.Unavailable, setting.Share(0.05)}}},
	} {
		b.Run(name, func(b *testing.B) {
			boundary, id := boundaryOf("A", 1, rules), int64(0)
			for b.Loop() {
				boundary.Pass(b.Context(), Interaction{ID: id})
				id++
			}
		})
	}
}

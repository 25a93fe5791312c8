package theory

import (
	"fmt"
	"math"
	"testing"
)

func near(t *testing.T, what string, got, want, relative float64) {
	t.Helper()
	if !(math.Abs(got-want) <= relative*math.Abs(want)) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// same compares two queues.
func same(t *testing.T, what string, got, want Queue, relative float64) {
	t.Helper()
	near(t, what+": load", got.Load, want.Load, relative)
	near(t, what+": refused", got.Refused, want.Refused, relative)
	near(t, what+": queued", got.Queued, want.Queued, relative)
	near(t, what+": wait", got.Wait, want.Wait, relative)
}

func must(q Queue, ok bool) Queue {
	if !ok {
		panic("no closed form")
	}
	return q
}

// exponential is the quantile function of exponential work.
func exponential(mean float64) func(float64) float64 {
	return func(p float64) float64 { return -mean * math.Log1p(-p) }
}

func constant(value float64) func(float64) float64 { return func(float64) float64 { return value } }

// The tables of Erlang's B that telephone engineers use: what may be offered to so
// many lines if one call in a hundred is to be lost.
func TestErlangBIsInTheTables(t *testing.T) {
	for lines, offered := range map[int]float64{1: 0.0101, 5: 1.361, 10: 4.461, 100: 84.06} {
		near(t, fmt.Sprint(lines, " lines"), ErlangB(lines, offered), 0.01, 2e-3)
	}
}

// Sums over all states, term by term, are the other way to the same figures.
func TestErlangsAreSums(t *testing.T) {
	for _, c := range []int{1, 2, 4, 20} {
		for _, load := range []float64{0.1, 0.5, 0.8, 0.95} {
			a := load * float64(c)
			term, sum := 1.0, 0.0
			for n := range c {
				sum += term
				term *= a / float64(n+1)
			}
			near(t, "B", ErlangB(c, a), term/(sum+term), 1e-12)
			near(t, "C", ErlangC(c, a), term/(1-load)/(sum+term/(1-load)), 1e-12)
		}
	}
}

func TestOneAndTwoWorkers(t *testing.T) {
	for _, load := range []float64{0.1, 0.5, 0.8, 0.95} {
		one := must(MMC(1, load*100, 0.010))
		same(t, "M/M/1", one, Queue{Load: load, Queued: load, Wait: 0.010 * load / (1 - load)}, 1e-12)
		near(t, "who waits in M/M/1", one.QueuedWait(), 0.010/(1-load), 1e-12)
		same(t, "M/M/2", must(MMC(2, load*200, 0.010)),
			Queue{Load: load, Queued: 2 * load * load / (1 + load), Wait: 0.010 * load * load / (1 - load*load)}, 1e-12)
		same(t, "M/G/1 of exponential work", must(MG1(load*100, 0.010, 2*0.010*0.010)), one, 1e-12)
		near(t, "M/D/1", must(MD1(load*100, 0.010)).Wait, one.Wait/2, 1e-12)
	}
}

func TestRoomOfOneWorker(t *testing.T) {
	for _, load := range []float64{0.5, 0.8, 0.95, 1.5, 4} {
		for _, room := range []int{1, 2, 5, 40} {
			k := float64(room)
			full := (1 - load) * math.Pow(load, k) / (1 - math.Pow(load, k+1))
			present := load/(1-load) - (k+1)*math.Pow(load, k+1)/(1-math.Pow(load, k+1))
			empty := (1 - load) / (1 - math.Pow(load, k+1))
			admitted := load * 100 * (1 - full)
			want := Queue{Load: load, Refused: full, Queued: 1 - empty/(1-full), Wait: present/admitted - 0.010}
			if room == 1 {
				want.Queued, want.Wait = 0, 0
			}
			what := fmt.Sprintf("M/M/1/%d at %v", room, load)
			got := MMCK(1, room, load*100, 0.010)
			if room == 1 {
				got.Queued, got.Wait = math.Round(got.Queued*1e12), math.Round(got.Wait*1e12)
			}
			same(t, what, got, want, 1e-9)
			finite := must(MG1K(room, load*100, exponential(0.010)))
			near(t, what+" as M/G/1/K: refused", finite.Refused, full, 2e-3)
			if room > 1 {
				near(t, what+" as M/G/1/K: queued", finite.Queued, want.Queued, 2e-3)
				near(t, what+" as M/G/1/K: wait", finite.Wait, want.Wait, 2e-3)
			}
		}
	}
}

// With room for two and constant work, who leaves has left nobody behind if nobody
// came meanwhile: π(0) = exp(−ρ).
func TestRoomForTwo(t *testing.T) {
	for _, load := range []float64{0.5, 0.95, 3} {
		q := must(MG1K(2, load*100, constant(0.010)))
		near(t, "refused", q.Refused, 1-1/(math.Exp(-load)+load), 1e-9)
		near(t, "queued", q.Queued, 1-math.Exp(-load), 1e-9)
	}
}

// With more and more room, nobody is refused any more.
func TestMoreRoom(t *testing.T) {
	for _, load := range []float64{0.5, 0.8, 0.95} {
		for _, c := range []int{1, 2, 4} {
			rate := load * float64(c) * 100
			got, want := MMCK(c, 3000, rate, 0.010), must(MMC(c, rate, 0.010))
			if got.Refused > 1e-60 {
				t.Errorf("%v are refused", got.Refused)
			}
			got.Refused = 0
			same(t, "M/M/c/K", got, want, 1e-9)
		}
		got, want := must(MG1K(600, load*100, constant(0.010))), must(MD1(load*100, 0.010))
		near(t, "M/D/1/K: wait", got.Wait, want.Wait, 1e-9)
		near(t, "M/D/1/K: queued", got.Queued, want.Queued, 1e-9)
		got, want = must(MG1K(2000, load*100, func(p float64) float64 { return 0.020 * p })), must(MG1(load*100, 0.010, 0.020*0.020/3))
		near(t, "M/G/1/K: wait", got.Wait, want.Wait, 2e-3)
	}
}

// Without a queue, M/M/c/c is Erlang's B, and so is M/G/1/1.
func TestNoQueue(t *testing.T) {
	for _, load := range []float64{0.5, 1, 3} {
		for _, c := range []int{1, 2, 4} {
			a := load * float64(c)
			q := MGCC(c, a*100, 0.010)
			near(t, "refused", q.Refused, MMCK(c, c, a*100, 0.010).Refused, 1e-12)
			near(t, "load", q.Load, load, 1e-12)
		}
		near(t, "M/D/1/1", must(MG1K(1, load*100, constant(0.010))).Refused, load/(1+load), 1e-9)
	}
}

// In M/M/1 wait and work together are exponential, with mean 1/(μ − λ).
func TestQuantiles(t *testing.T) {
	for _, load := range []float64{0.5, 0.8, 0.95} {
		for _, p := range []float64{0.1, 0.5, 0.99} {
			got, _ := SojournQuantile(p, 1, load*100, 0.010)
			near(t, "sojourn in M/M/1", got, -math.Log(1-p)*0.010/(1-load), 1e-9)
			got, _ = WaitQuantile(p, 1, load*100, 0.010)
			near(t, "wait in M/M/1", got, max(math.Log(load/(1-p)), 0)*0.010/(1-load), 1e-9)
		}
		// The means are the integrals of the quantiles.
		for _, c := range []int{2, 4} {
			const n = 20_000
			wait, sojourn := 0.0, 0.0
			for i := range n {
				p := (float64(i) + 0.5) / n
				w, _ := WaitQuantile(p, c, load*float64(c)*100, 0.010)
				s, _ := SojournQuantile(p, c, load*float64(c)*100, 0.010)
				wait, sojourn = wait+w/n, sojourn+s/n
			}
			want := must(MMC(c, load*float64(c)*100, 0.010)).Wait
			near(t, "mean wait", wait, want, 1e-3)
			near(t, "mean sojourn", sojourn, want+0.010, 1e-3)
		}
	}
	// Two workers at half their load: the wait drains as fast as the work ends.
	if got, ok := SojournQuantile(0.9, 2, 100, 0.010); !ok || math.IsNaN(got) || got < 0.023 || got > 0.040 {
		t.Errorf("M/M/2 at 0.5: %v", got)
	}
}

// Where there is no steady state, there is no figure.
func TestOverload(t *testing.T) {
	for what, ok := range map[string]bool{
		"M/M/2":               second(MMC(2, 200, 0.010)),
		"M/D/1":               second(MD1(100, 0.010)),
		"M/G/1 with no E[S²]": second(MG1(1, 0.010, math.Inf(1))),
		"M/G/1/K at 1,000":    second(MG1K(5, 100_000, constant(0.010))),
		"wait":                second(WaitQuantile(0.5, 2, 200, 0.010)),
		"sojourn":             second(SojournQuantile(0.5, 2, 200, 0.010)),
	} {
		if ok {
			t.Errorf("%s has a figure", what)
		}
	}
}

func second[T any](_ T, ok bool) bool { return ok }

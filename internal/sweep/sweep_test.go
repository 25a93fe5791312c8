package sweep

import (
	"slices"
	"strings"
	"testing"

	"crosstalk/internal/experiment"
	"crosstalk/internal/metric"
)

func varyOf(t *testing.T, text string) Vary {
	t.Helper()
	var v Vary
	if err := v.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVary(t *testing.T) {
	v := varyOf(t, "--fail-rate=0, 0.05,0.1")
	if v.Setting != "fail-rate" || !slices.Equal(v.Values, []string{"0", "0.05", "0.1"}) || v.String() != "fail-rate=0,0.05,0.1" {
		t.Errorf("%+v, written %q", v, v)
	}
	v = varyOf(t, "latency=lognormal(5ms,50ms);150us:10,2ms:5")
	if len(v.Values) != 2 || v.String() != "latency=lognormal(5ms,50ms);150us:10,2ms:5" {
		t.Errorf("%+v, written %q", v, v)
	}
	for _, text := range []string{"", "fail-rate", "fail-rate=", "=1,2", "rate=1,,2", "rate=1,1"} {
		var v Vary
		if err := v.UnmarshalText([]byte(text)); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q is read as %v, error %v", text, v, err)
		}
	}
}

func TestPoints(t *testing.T) {
	base := experiment.Default()
	fine := func(*experiment.Experiment) error { return nil }
	vary := []Vary{varyOf(t, "fail-rate=0,0.1"), varyOf(t, "rate=100/s,200/s,300/s")}
	points, err := Points(&base, vary, fine)
	if err != nil || len(points) != 6 {
		t.Fatalf("%d points, %v", len(points), err)
	}
	var names []string
	for _, p := range points {
		names = append(names, p.Name(vary))
	}
	if names[0] != "fail-rate=0,rate=100-s" || names[5] != "fail-rate=0.1,rate=300-s" || names[2] != "fail-rate=0,rate=300-s" {
		t.Errorf("%q", names)
	}
	if points[5].Experiment.Rate != 300 || base.Rate != 500 || len(base.FailRate.Default) != 0 {
		t.Errorf("rate %v, and of the base %v", points[5].Experiment.Rate, base.Rate)
	}
	for text, want := range map[string]string{
		"nope=1":      "nope: there is no such setting",
		"rate=1,x":    `rate: "x" is not a rate`,
		"fail-rate=2": `fail-rate: "2" is not a share`,
	} {
		if _, err := Points(&base, []Vary{varyOf(t, text)}, fine); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	if _, err := Points(&base, []Vary{vary[0], vary[0]}, fine); err == nil || err.Error() != "fail-rate is varied twice" {
		t.Errorf("%v", err)
	}
}

func TestCrossovers(t *testing.T) {
	m, err := metric.ByName("latency.p99")
	if err != nil {
		t.Fatal(err)
	}
	labels := []string{"1", "2", "3", "4"}
	for want, values := range map[string][2][]float64{
		"x beats y on latency.p99 in the whole range":                             {{1, 1, 1, 1}, {5, 5, 5, 5}},
		"y beats x on latency.p99 in the whole range":                             {{5, 5, 5, 5}, {1, 1, 1, 1}},
		"neither of x and y beats the other on latency.p99 anywhere in the range": {{5, 5, 5, 5}, {5, 5, 5.05, 5}},
		"on latency.p99, x beats y up to rate 2; y beats x from rate 4 on":        {{1, 1, 3, 9}, {3, 3, 3, 3}},
		"on latency.p99, y beats x from rate 3 on":                                {{3, 3, 5, 9}, {3, 3, 3, 3}},
		"on latency.p99, x beats y at rate 2":                                     {{3, 1, 3, 3}, {3, 3, 3, 3}},
		"on latency.p99, x beats y from rate 2 to 3":                              {{3, 1, 1, 3}, {3, 3, 3, 3}},
	} {
		var outcomes []Outcome
		for s, name := range []string{"x", "y"} {
			for p, v := range values[s] {
				outcomes = append(outcomes, Outcome{p, name, metric.Value{Value: v, Low: v - 0.1, High: v + 0.1, Known: true}})
			}
		}
		got := Crossovers(m, "rate", labels, []string{"x", "y"}, outcomes)
		if len(got) != 1 || got[0] != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

package fault

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

func TestFaults(t *testing.T) {
	for text, canonical := range map[string]string{
		"":                                     "",
		"A:delay=lognormal(5ms, 40ms)":         "A:delay=lognormal(5ms,40ms)",
		"*:hang=0.01":                          "*:hang=1%",
		" B : slow=10 @ 3s+2s ":                "B:slow=10@3s+2s",
		"B:slow=10@3s+2s":                      "B:slow=10@3s+2s",
		"B:abort=UNAVAILABLE:5%,INTERNAL:1%":   "B:abort=INTERNAL:1%,UNAVAILABLE:5%",
		"bus:drop=1%;D.store:delay=150us:10":   "bus:drop=1%;D.store:delay=150us:10",
		"bus:outage@0s+1m;":                    "bus:outage@0s+1m",
		"A.events:poison=100%@1s+1s":           "A.events:poison=1@1s+1s",
		"bus:stall@1s+1s; bus:rebalance@3s+1s": "bus:stall@1s+1s;bus:rebalance@3s+1s",
		"my-svc_1:freeze@1500ms+1h":            "my-svc_1:freeze@1.5s+1h",
		"*.store:abort=5%":                     "*.store:abort=5%",
		"B:kill@10s":                           "B:kill@10s+2s",
		"B:kill@10s restart=500ms":             "B:kill@10s+500ms",
		"B:stop@10s,restart=3s":                "B:stop@10s+3s",
		"B:stop@10s+1s":                        "B:stop@10s+1s",
	} {
		var f, again Faults
		if err := f.UnmarshalText([]byte(text)); err != nil {
			t.Errorf("%q is refused: %v", text, err)
			continue
		}
		if f.String() != canonical {
			t.Errorf("%q is written %q, want %q", text, f, canonical)
		}
		if err := again.UnmarshalText([]byte(f.String())); err != nil || again.String() != f.String() {
			t.Errorf("%q, read again, is %q (error %v)", f, again, err)
		}
	}
}

func TestFaultsErrors(t *testing.T) {
	for text, want := range map[string]string{
		"B":                   `fault "B": write TARGET:KIND=VALUE@START+LENGTH, such as B:slow=10@3s+2s`,
		"1:delay=5ms":         `fault "1:delay=5ms": "1" is no target: a service such as A, * for all upstreams, A.store, A.events or bus`,
		"A.disk:delay=5ms":    `fault "A.disk:delay=5ms": "A.disk" is no target`,
		"A:sloow=3":           `fault "A:sloow=3": A cannot have "sloow": abort, delay, freeze, hang, kill, outage, slow, stop`,
		"bus:abort=5%":        `fault "bus:abort=5%": bus cannot have "abort": delay, drop, duplicate, kill, outage, rebalance, reorder, stall, stop`,
		"D.store:hang=1%":     `fault "D.store:hang=1%": D.store cannot have "hang": abort, delay`,
		"A.events:drop=1%":    `fault "A.events:drop=1%": A.events cannot have "drop": poison`,
		"A:outage":            `fault "A:outage": outage needs a window, such as A:outage@3s+2s`,
		"A:outage=5@1s+1s":    `fault "A:outage=5@1s+1s": outage takes no value`,
		"A:kill":              `fault "A:kill": kill needs a window, such as A:kill@3s+2s`,
		"A:kill@1s restart=0": `fault "A:kill@1s restart=0": the length must be above 0`,
		"A:delay":             `fault "A:delay": delay needs a value`,
		"A:hang=2":            `fault "A:hang=2": "2" is not a share from 0 to 1`,
		"A:hang=NaN":          `fault "A:hang=NaN": "NaN" is not a share`,
		"A:slow=0.5":          `fault "A:slow=0.5": "0.5" is not a factor from 1 to 1000000`,
		"A:slow=NaN":          `fault "A:slow=NaN": "NaN" is not a factor`,
		"A:delay=5ms@1s":      `fault "A:delay=5ms@1s": "1s" is not a window START+LENGTH, such as 10s+5s`,
		"A:delay=5ms@1s+0s":   `fault "A:delay=5ms@1s+0s": the length must be above 0`,
		"A:freeze@x+1s":       `fault "A:freeze@x+1s": start: "x" is not a duration`,
		"A:abort=NOPE:5%":     `fault "A:abort=NOPE:5%": unknown code "NOPE"`,
		"A:delay=5ms;B":       `fault "B": write TARGET`,
		"A:delay=lognormal(1": `fault "A:delay=lognormal(1": "lognormal(1": there is no closing parenthesis`,
	} {
		before := Faults{{Kind: Delay}}
		f := before
		err := f.UnmarshalText([]byte(text))
		if err == nil {
			t.Errorf("%q is read as %v", text, f)
			continue
		}
		if !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %q, want %q", text, err, want)
		}
		if !reflect.DeepEqual(f, before) {
			t.Errorf("%q: an error left %v behind", text, f)
		}
	}
}

func TestEveryoneIsWrittenOut(t *testing.T) {
	var f Faults
	if err := f.UnmarshalText([]byte("*:hang=1%;B:freeze@1s+1s;*.store:delay=1ms;bus:drop=1%")); err != nil {
		t.Fatal(err)
	}
	const want = "A:hang=1%;B:hang=1%;B:freeze@1s+1s;A.store:delay=1ms;B.store:delay=1ms;bus:drop=1%"
	if got := f.For([]string{"A", "B"}).String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestClashes(t *testing.T) {
	for pair, want := range map[string]bool{
		"A:outage@1s+2s;A:outage@2s+2s":         true,
		"A:outage@1s+2s;A:outage@3s+2s":         false,
		"A:outage@1s+2s;B:outage@1s+2s":         false,
		"A:outage@1s+2s;A:freeze@1s+2s":         false,
		"A:delay=1ms@1s+2s;A:delay=2ms@1s+2s":   false, // they add up
		"bus:stall@1s+10s;bus:stall@2s+100ms":   true,
		"A:hang=1%@1s+10s;A:hang=2%@2s+100ms":   false,
		"bus:outage@1s+10s;A:outage@2s+100ms":   false,
		"A:freeze@1s+1s;A:freeze@1999ms+1500ms": true,
	} {
		var f Faults
		if err := f.UnmarshalText([]byte(pair)); err != nil {
			t.Fatal(err)
		}
		if got := f[0].Clashes(f[1]); got != want {
			t.Errorf("%s: %v", pair, got)
		}
	}
}

// What acts in a window is counted there alone, and nothing is drawn elsewhere.
func TestWindowedFaults(t *testing.T) {
	var f Faults
	if err := f.UnmarshalText([]byte("A:delay=5ms;A:delay=7ms@1s+1s;A:slow=3@2s+1s;A:abort=INTERNAL:1@1500ms+1s")); err != nil {
		t.Fatal(err)
	}
	b := NewBoundary("A", 1, f)
	for at, want := range map[time.Duration]Decision{
		0:                 {Delay: 5 * ms},
		time.Second:       {Delay: 12 * ms},
		1500 * ms:         {Delay: 12 * ms, Abort: codes.Internal},
		2 * time.Second:   {Delay: 15 * ms, Abort: codes.Internal},
		2500 * ms:         {Delay: 15 * ms},
		3 * time.Second:   {Delay: 5 * ms},
		-time.Second:      {Delay: 5 * ms},
		2999*ms + 999_999: {Delay: 15 * ms},
		2500*ms - 1:       {Delay: 15 * ms, Abort: codes.Internal},
		time.Second - 1:   {Delay: 5 * ms},
		2*time.Second - 1: {Delay: 12 * ms, Abort: codes.Internal},
	} {
		if got := b.Decide(Interaction{ID: 1, At: at}); got != want {
			t.Errorf("at %v: %+v, want %+v", at, got, want)
		}
	}
	if got := b.Decide(Interaction{ID: Beforehand, At: time.Second}); got != (Decision{}) {
		t.Errorf("before the load: %+v", got)
	}
}

// The same event meets the same on every line, and each kind has draws of its own.
func TestLineDecidesByEvent(t *testing.T) {
	var f Faults
	if err := f.UnmarshalText([]byte("bus:drop=10%;bus:duplicate=20%;bus:reorder=30%;bus:delay=1ms:50")); err != nil {
		t.Fatal(err)
	}
	one, other := NewLine("bus", 3, f), NewLine("bus", 3, f)
	const n = 20_000
	var drop, duplicate, reorder int
	for id := range int64(n) {
		e := Event(id, "/crosstalk/D", "D-A-"+string(rune(id)), 0)
		met := one.Meet(e)
		if again := other.Meet(e); again != met {
			t.Fatalf("event %d: %+v and %+v", id, met, again)
		}
		if met.Drop {
			drop++
		}
		if met.Duplicate {
			duplicate++
		}
		if met.Reorder {
			reorder++
		}
	}
	for _, s := range one.Statistics() {
		if s.Kind == Delay {
			continue
		}
		if s.Interactions < n*8/10 || s.Delivered == 0 {
			t.Errorf("%+v", s)
		}
	}
	if drop < 1800 || drop > 2200 || duplicate < 3300 || duplicate > 3900 || reorder < 5000 || reorder > 5800 {
		t.Errorf("%d dropped, %d duplicated, %d reordered", drop, duplicate, reorder)
	}
}

func FuzzFaults(f *testing.F) {
	for _, text := range []string{
		"A:delay=5ms", "*:hang=1%;B:slow=10@3s+2s", "bus:outage@0s+1s", "D.store:abort=INTERNAL:5%", "A.events:poison=1%", "A:delay=150us:10,2ms:5@1s+1s",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s, again Faults
		if s.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := again.UnmarshalText([]byte(s.String())); err != nil || again.String() != s.String() {
			t.Fatalf("%q is written %q, which is read as %q (error %v)", text, s, again, err)
		}
	})
}

package fault

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/setting"
)

func TestAborts(t *testing.T) {
	for text, c := range map[string]struct {
		want      Aborts
		canonical string
	}{
		"0":                              {nil, "0"},
		"INTERNAL:0%":                    {nil, "0"},
		"0.05":                           {Aborts{{codes.Unavailable, 0.05}}, "5%"},
		" 5% ":                           {Aborts{{codes.Unavailable, 0.05}}, "5%"},
		"UNAVAILABLE:5%":                 {Aborts{{codes.Unavailable, 0.05}}, "5%"},
		"INTERNAL:0.01":                  {Aborts{{codes.Internal, 0.01}}, "INTERNAL:1%"},
		"UNAVAILABLE:5%,INTERNAL:1%":     {Aborts{{codes.Internal, 0.01}, {codes.Unavailable, 0.05}}, "INTERNAL:1%,UNAVAILABLE:5%"},
		"5% , INTERNAL : 1%":             {Aborts{{codes.Internal, 0.01}, {codes.Unavailable, 0.05}}, "INTERNAL:1%,UNAVAILABLE:5%"},
		"CANCELLED:50%,DATA_LOSS:50%":    {Aborts{{codes.Canceled, 0.5}, {codes.DataLoss, 0.5}}, "CANCELLED:50%,DATA_LOSS:50%"},
		"INTERNAL:0,DEADLINE_EXCEEDED:1": {Aborts{{codes.DeadlineExceeded, 1}}, "DEADLINE_EXCEEDED:1"},
	} {
		var a, again Aborts
		if err := a.UnmarshalText([]byte(text)); err != nil {
			t.Errorf("%q is refused: %v", text, err)
			continue
		}
		if !reflect.DeepEqual(a, c.want) || a.String() != c.canonical {
			t.Errorf("%q is %#v, written %q; want %#v, %q", text, a, a, c.want, c.canonical)
		}
		if err := again.UnmarshalText([]byte(a.String())); err != nil || !reflect.DeepEqual(again, a) {
			t.Errorf("%q, read again, is %v (error %v)", a, again, err)
		}
	}
}

func TestAbortsErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                             `"" is not a share such as 0.05 or 5%`,
		"5%,":                          `"" is not a share such as 0.05 or 5%`,
		"INTERNAL:":                    `"" is not a share such as 0.05 or 5%`,
		"INTERNAL:NaN":                 `"NaN" is not a share such as 0.05 or 5%`,
		"INTERNAL:1%:2%":               `"1%:2%" is not a share such as 0.05 or 5%`,
		"-0.1":                         `"-0.1" is not a share from 0 to 1, or from 0% to 100%`,
		"OK:5%":                        "OK is not a failure",
		"internal:5%":                  `unknown code "internal": CANCELLED, UNKNOWN, `,
		"Unavailable:5%":               `unknown code "Unavailable": CANCELLED, UNKNOWN, `,
		"14:5%":                        `unknown code "14": CANCELLED, UNKNOWN, `,
		":5%":                          `unknown code "": CANCELLED, UNKNOWN, `,
		"5%,UNAVAILABLE:1%":            `"5%,UNAVAILABLE:1%" has UNAVAILABLE twice`,
		"INTERNAL:0,INTERNAL:1%":       `"INTERNAL:0,INTERNAL:1%" has INTERNAL twice`,
		"UNAVAILABLE:75%,INTERNAL:50%": `"UNAVAILABLE:75%,INTERNAL:50%" adds up to 125%, above 100%`,
	} {
		a := Aborts{{codes.Internal, 0.5}}
		err := a.UnmarshalText([]byte(text))
		if err == nil {
			t.Errorf("%q is read as %v", text, a)
			continue
		}
		if !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %q, want %q", text, err, want)
		}
		if !reflect.DeepEqual(a, Aborts{{codes.Internal, 0.5}}) {
			t.Errorf("%q: an error left %v behind", text, a)
		}
	}
}

// In floating point, 0.549 + 0.337 + 0.114 is above 1.
func TestAbortsThatAddUpToAll(t *testing.T) {
	for _, text := range []string{
		"INTERNAL:0.7,UNKNOWN:0.2,ABORTED:0.1",
		"UNKNOWN:54.9%,ABORTED:33.7%,INTERNAL:11.4%",
		"INTERNAL:33.3%,UNKNOWN:33.3%,ABORTED:33.4%",
	} {
		var a Aborts
		if err := a.UnmarshalText([]byte(text)); err != nil {
			t.Error(err)
		}
	}
}

func TestCodeNamesAreThoseOfGRPC(t *testing.T) {
	for code := codes.OK; code <= codes.Unauthenticated; code++ {
		var read codes.Code
		if err := read.UnmarshalJSON([]byte(`"` + CodeName(code) + `"`)); err != nil || read != code {
			t.Errorf("%v is called %s, which gRPC reads as %v (error %v)", code, CodeName(code), read, err)
		}
	}
	if got := CodeName(99); got != "CODE_99" {
		t.Errorf("an unknown code is called %s", got)
	}
}

func TestAbortsPerService(t *testing.T) {
	var p setting.PerService[Aborts]
	const text = "1%,B=UNAVAILABLE:5%,INTERNAL:1%,C=0"
	if err := p.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	got, err := p.MarshalText()
	if want := "1%,B=INTERNAL:1%,UNAVAILABLE:5%,C=0"; err != nil || string(got) != want {
		t.Errorf("%q is written %q (error %v), want %q", text, got, err, want)
	}
}

func outage(service string, start, length time.Duration) Fault {
	return Fault{Target: Target{Service: service}, Kind: Outage, Window: Window{start, length}}
}

func TestOutages(t *testing.T) {
	for text, c := range map[string]struct {
		want      Outages
		canonical string
	}{
		"":                    {nil, ""},
		"B@10s+5s":            {Outages{outage("B", 10*time.Second, 5*time.Second)}, "B@10s+5s"},
		" B @ 0s + 1m ":       {Outages{outage("B", 0, time.Minute)}, "B@0s+1m"},
		"B@10s+5s, A@1s+2s":   {Outages{outage("B", 10*time.Second, 5*time.Second), outage("A", time.Second, 2*time.Second)}, "B@10s+5s,A@1s+2s"},
		"my-svc@1500ms+1h30m": {Outages{outage("my-svc", 1500*ms, 90*time.Minute)}, "my-svc@1.5s+1h30m"},
	} {
		var o, again Outages
		if err := o.UnmarshalText([]byte(text)); err != nil {
			t.Errorf("%q is refused: %v", text, err)
			continue
		}
		if !reflect.DeepEqual(o, c.want) || o.String() != c.canonical {
			t.Errorf("%q is %#v, written %q; want %#v, %q", text, o, o, c.want, c.canonical)
		}
		if err := again.UnmarshalText([]byte(o.String())); err != nil || !reflect.DeepEqual(again, o) {
			t.Errorf("%q, read again, is %v (error %v)", o, again, err)
		}
	}
}

func TestOutagesErrors(t *testing.T) {
	const not = " is not an outage SERVICE@START+LENGTH, such as B@10s+5s"
	for text, want := range map[string]string{
		"B":                       `"B"` + not,
		"B@10s":                   `"B@10s"` + not,
		"@10s+5s":                 `"@10s+5s"` + not,
		"1@10s+5s":                `"1@10s+5s"` + not,
		"B@10s+5s,":               `""` + not,
		"B@+5s":                   `outage "B@+5s": start: "" is not a duration such as 10s or 500ms`,
		"B@10+5s":                 `outage "B@10+5s": start: "10" is not a duration such as 10s or 500ms`,
		"B@NaN+5s":                `outage "B@NaN+5s": start: "NaN" is not a duration such as 10s or 500ms`,
		"B@-1s+5s":                `outage "B@-1s+5s": start: -1s is negative`,
		"B@10s+":                  `outage "B@10s+": length: "" is not a duration such as 10s or 500ms`,
		"B@10s+0s":                `outage "B@10s+0s": the length must be above 0`,
		"B@10s+-5s":               `outage "B@10s+-5s": length: -5s is negative`,
		"B@2000000h+2000000h":     `outage "B@2000000h+2000000h": the end is too late`,
		"A@1s+1s,B@99999999999h+": `outage "B@99999999999h+": start: "99999999999h" is not a duration`,
	} {
		before := Outages{outage("Z", 1, 2)}
		o := before
		err := o.UnmarshalText([]byte(text))
		if err == nil {
			t.Errorf("%q is read as %v", text, o)
			continue
		}
		if !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %q, want %q", text, err, want)
		}
		if !reflect.DeepEqual(o, before) {
			t.Errorf("%q: an error left %v behind", text, o)
		}
	}
}

func TestOutageWithin(t *testing.T) {
	o := outage("B", 10*time.Second, 5*time.Second)
	if err := o.Within(15 * time.Second); err != nil {
		t.Error(err)
	}
	err := o.Within(10 * time.Second)
	if want := `B:outage@10s+5s ends at 15s, past the end of the run at 10s`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func FuzzAborts(f *testing.F) {
	for _, text := range []string{"0", "0.05", "5%", "UNAVAILABLE:5%", "UNAVAILABLE:5%,INTERNAL:1%", "33.3%,INTERNAL:33.3%,ABORTED:33.4%"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var a, again Aborts
		if a.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := again.UnmarshalText([]byte(a.String())); err != nil || !reflect.DeepEqual(again, a) {
			t.Fatalf("%q is written %q, which is read as %v (error %v)", text, a, again, err)
		}
		for id := range int64(20) {
			d := boundaryOf("A", 1, Rules{Aborts: a}).Decide(Interaction{ID: id})
			if d.Abort != codes.OK && a.index(d.Abort) < 0 {
				t.Fatalf("%v decides %v", a, d.Abort)
			}
		}
	})
}

func FuzzOutages(f *testing.F) {
	for _, text := range []string{"", "B@10s+5s", "B@10s+5s, A@1s+2s", "my-svc@1500ms+1h30m", "B@2000000h+2000000h"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var o, again Outages
		if o.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := again.UnmarshalText([]byte(o.String())); err != nil || !reflect.DeepEqual(again, o) {
			t.Fatalf("%q is written %q, which is read as %v (error %v)", text, o, again, err)
		}
		for _, one := range o {
			if one.Window.Start < 0 || one.Window.Length <= 0 || one.Window.Start+one.Window.Length < one.Window.Start {
				t.Fatalf("%q is read as %+v", text, one)
			}
		}
	})
}

package setting

import (
	"reflect"
	"slices"
	"testing"

	"github.com/spf13/pflag"

	"crosstalk/internal/dist"
)

func TestPerService(t *testing.T) {
	check[PerService[Share]](t, map[string]string{
		"":                     "",
		" ":                    "",
		"0.05":                 "5%",
		"A=5%":                 "A=5%",
		"B=0.2,A=0.1":          "A=10%,B=20%",
		"1%,B=2%":              "1%,B=2%",
		" 1% , my-svc_2 = 3% ": "1%,my-svc_2=3%",
	})
	check[PerService[dist.Distribution]](t, map[string]string{
		"lognormal(5ms,40ms)":                     "lognormal(5ms,40ms)",
		"A=lognormal(5ms, 40ms),B=uniform(0s,1s)": "A=lognormal(5ms,40ms),B=uniform(0s,1s)",
		"150us:10,2ms:5,C=none":                   "150us:10,2ms:5,C=none",
		"5ms,A=2ms:5,150us:10,C=pareto(1ms,1.5)":  "5ms,A=150us:10,2ms:5,C=pareto(1ms,1.5)",
	})
}

func TestPerServiceFor(t *testing.T) {
	for _, c := range []struct {
		text, service string
		want          Share
		ok            bool
	}{
		{"", "A", 0, false},
		{"5%", "A", 0.05, true},
		{"5%,A=0", "A", 0, true},
		{"5%,A=0", "B", 0.05, true},
		{"A=5%", "A", 0.05, true},
		{"A=5%", "B", 0, false},
		{"A=5%", "", 0, false},
		{"0", "A", 0, true},
	} {
		var p PerService[Share]
		if err := p.UnmarshalText([]byte(c.text)); err != nil {
			t.Fatal(err)
		}
		if got, ok := p.For(c.service); got != c.want || ok != c.ok {
			t.Errorf("%q: For(%q) = %v, %v, want %v, %v", c.text, c.service, got, ok, c.want, c.ok)
		}
	}
}

func TestPerServiceNames(t *testing.T) {
	var p PerService[Share]
	if err := p.UnmarshalText([]byte("1%,C=2%,A=3%,B=4%")); err != nil {
		t.Fatal(err)
	}
	if got := p.Names(); !slices.Equal(got, []string{"A", "B", "C"}) {
		t.Errorf("names %v", got)
	}
	if got := (PerService[Share]{}).Names(); len(got) != 0 {
		t.Errorf("the zero value names %v", got)
	}
}

func TestPerServiceErrors(t *testing.T) {
	checkErrors(t, PerService[Share]{Default: 0.5, HasDefault: true, By: map[string]Share{"A": 1}}, map[string]string{
		"A=1%,B=2%,A=3%": "A is named twice",
		"A=1%,2%":        `A: "1%,2%" is not a share such as 0.05 or 5%`,
		"1%,2%,A=3%":     `"1%,2%" is not a share such as 0.05 or 5%`,
		"A=":             `A: "" is not a share such as 0.05 or 5%`,
		"A=1%,":          `A: "1%," is not a share such as 0.05 or 5%`,
		",A=1%":          `"" is not a share such as 0.05 or 5%`,
		"A==1%":          `A: "=1%" is not a share such as 0.05 or 5%`,
		"=1%":            `"=1%" is not a share such as 0.05 or 5%`,
		"1A=1%":          `"1A=1%" is not a share such as 0.05 or 5%`,
		"A=2":            `A: "2" is not a share from 0 to 1`,
	})
	checkErrors(t, PerService[dist.Distribution]{}, map[string]string{
		"A=lognormal(5ms,B=1ms": `A: "lognormal(5ms,B=1ms": there is no closing parenthesis at the end`,
		"A=5ms),B=1ms":          `A: "5ms)": there is no opening parenthesis`,
	})
	var p PerService[int]
	if err := p.UnmarshalText([]byte("A=1")); err == nil || err.Error() != "A: *int cannot be read from text" {
		t.Errorf("a value that is no text: error %v", err)
	}
}

func TestPerServiceAsFlag(t *testing.T) {
	var p, byDefault PerService[dist.Distribution]
	if err := byDefault.UnmarshalText([]byte("5ms,B=1ms")); err != nil {
		t.Fatal(err)
	}
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	flags.TextVar(&p, "latency", byDefault, "")
	if got := flags.Lookup("latency").DefValue; got != "5ms,B=1ms" {
		t.Errorf("the default is shown as %q", got)
	}
	if !reflect.DeepEqual(p, byDefault) {
		t.Errorf("without the flag: %v", p)
	}
	if err := flags.Parse([]string{"--latency=A=lognormal(5ms,40ms),C=1ms:5,2ms:5"}); err != nil {
		t.Fatal(err)
	}
	if got := flags.Lookup("latency").Value.String(); got != "A=lognormal(5ms,40ms),C=1ms:5,2ms:5" {
		t.Errorf("the flag is %q", got)
	}
	if _, ok := p.For("B"); ok {
		t.Error("the flag left something of the default")
	}
}

func TestIsName(t *testing.T) {
	for _, name := range []string{"A", "a1", "user-service", "user_2", "Z-"} {
		if !IsName(name) {
			t.Errorf("%q is no name", name)
		}
	}
	for _, name := range []string{"", "1", "-a", "_a", "a b", "a.b", "ä", "aé", "a=", "a\n"} {
		if IsName(name) {
			t.Errorf("%q is a name", name)
		}
	}
}

func FuzzPerService(f *testing.F) {
	for _, in := range []string{
		"", "5ms", "A=5ms", "B=1ms,A=2ms", "5ms,B=1ms", "lognormal(5ms,40ms),A=150us:10,2ms:5,C=none", "A=(,B=1ms", ",A=",
	} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		var p, again PerService[dist.Distribution]
		if p.UnmarshalText([]byte(in)) != nil {
			return
		}
		out, err := p.MarshalText()
		if err != nil {
			t.Fatalf("%q is read and not written: %v", in, err)
		}
		if err := again.UnmarshalText(out); err != nil || !reflect.DeepEqual(p, again) {
			t.Fatalf("%q is written %q, which is read as %v (error %v)", in, out, again, err)
		}
		for _, name := range p.Names() {
			if !IsName(name) {
				t.Fatalf("%q names %q", in, name)
			}
		}
	})
}

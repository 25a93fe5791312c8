package dist

import (
	"reflect"
	"strings"
	"testing"
)

func TestCanonicalText(t *testing.T) {
	for text, want := range map[string]string{
		"none":                       "none",
		" none ":                     "none",
		"0":                          "none",
		"constant(0s)":               "none",
		"uniform(0s,0s)":             "none",
		"0s:50,5ms:0":                "none",
		"5ms":                        "5ms",
		" 1500us":                    "1.5ms",
		"constant( 150µs )":          "150us",
		"24h":                        "24h0m0s",
		"uniform( 1ms , 9ms )":       "uniform(1ms,9ms)",
		"exponential(5000us)":        "exponential(5ms)",
		"lognormal ( 5ms,\t40ms ) ":  "lognormal(5ms,40ms)",
		"pareto(1ms,1.50)":           "pareto(1ms,1.5)",
		"pareto(1ms,1e-3)":           "pareto(1ms,0.001)",
		"2ms:5, 150us : 10":          "150us:10,2ms:5",
		"2ms:5%,2ms:2.5%":            "2ms:7.5",
		"1ms:33.3,2ms:33.3,3ms:33.4": "1ms:33.3,2ms:33.3,3ms:33.4",
		"1ms:74.2,2ms:13.9,3ms:11.9": "1ms:74.2,2ms:13.9,3ms:11.9", // 100.00000000000001
	} {
		d := parsed(t, text)
		if d.String() != want {
			t.Errorf("%q is written %q, want %q", text, d, want)
		}
		if again := parsed(t, d.String()); !reflect.DeepEqual(again, d) {
			t.Errorf("%q, read again, is %#v and was %#v", d, again, d)
		}
		if d.IsZero() != (want == "none") {
			t.Errorf("%q: IsZero() = %v", text, d.IsZero())
		}
	}
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "unknown distribution: write none, a latency such as 5ms, constant(LATENCY), lognormal(MEDIAN,P99), uniform(LOW,HIGH), exponential(MEAN), pareto(SCALE,SHAPE) or a list LATENCY:PERCENT,...",
		"normal":                 "unknown distribution: write none, ",
		"normal(5ms,1ms)":        `unknown distribution "normal": write none, `,
		"(5ms)":                  `unknown distribution "": write none, `,
		"lognormal(5ms,40ms":     "there is no closing parenthesis at the end",
		"lognormal(5ms),40ms":    "there is no closing parenthesis at the end",
		"5ms,40ms)":              "there is no opening parenthesis",
		"lognormal(5ms)":         "the parentheses take (MEDIAN,P99)",
		"lognormal(5ms,8ms,9ms)": "the parentheses take (MEDIAN,P99)",
		"constant()":             "the parentheses take (LATENCY)",
		"lognormal(40ms,5ms)":    "the p99 5ms is below the median 40ms",
		"lognormal(0s,5ms)":      "the median must be above 0",
		"lognormal(NaN,5ms)":     `"NaN" is not a latency such as 5ms or 150us`,
		"lognormal((5ms),5ms)":   `"(5ms)" is not a latency such as 5ms or 150us`,
		"uniform(9ms,1ms)":       "the upper bound 1ms is below the lower bound 9ms",
		"uniform(-1ms,1ms)":      "-1ms is negative",
		"exponential(0s)":        "the mean must be above 0",
		"exponential(Inf)":       `"Inf" is not a latency such as 5ms or 150us`,
		"pareto(0s,1)":           "the scale must be above 0",
		"pareto(1ms,0)":          "the shape 0 is not above 0",
		"pareto(1ms,-1)":         "the shape -1 is not above 0",
		"pareto(1ms,NaN)":        `"NaN" is not a finite number`,
		"pareto(1ms,Inf)":        `"Inf" is not a finite number`,
		"pareto(1ms,1e999)":      "1e999 is too large a number",
		"-5ms":                   "-5ms is negative",
		"5":                      `"5" is not a latency such as 5ms or 150us`,
		"24h1ns":                 "24h1ns is above the longest latency, 24h",
		"99999999999h":           `"99999999999h" is not a latency such as 5ms or 150us`,
		"1ms,2ms":                `"1ms" is not LATENCY:PERCENT, such as 2ms:5`,
		"1ms:5,":                 `"" is not LATENCY:PERCENT, such as 2ms:5`,
		"1ms:-5":                 "-5 is not a percentage from 0 to 100",
		"1ms:101":                "101 is not a percentage from 0 to 100",
		"1ms:NaN":                `"NaN" is not a finite number`,
		"1ms:60,2ms:40.5":        "the percentages add up to 100.5, above 100",
		"5:1ms":                  `"5" is not a latency such as 5ms or 150us`,
	} {
		before := parsed(t, "7ms")
		d := before
		err := d.UnmarshalText([]byte(text))
		if err == nil {
			t.Errorf("%q is read as %v", text, d)
			continue
		}
		if got := err.Error(); !strings.Contains(got, ": "+want) || strings.Contains(got, "\n") {
			t.Errorf("%q: error %q, want %q", text, got, want)
		}
		if !reflect.DeepEqual(d, before) {
			t.Errorf("%q: an error left %v behind", text, d)
		}
	}
}

func FuzzDistribution(f *testing.F) {
	for _, text := range []string{
		"none", "5ms", "constant(5ms)", "lognormal(5ms,40ms)", "uniform(1ms,9ms)", "exponential(5ms)",
		"pareto(1ms,1.5)", "150us:10,2ms:5", "1ms:33.3,1ms:33.3,3ms:33.4%", "lognormal(1ns,24h)",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var d, again Distribution
		if d.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := again.UnmarshalText([]byte(d.String())); err != nil {
			t.Fatalf("%q is written %q, which is refused: %v", text, d, err)
		}
		if !reflect.DeepEqual(again, d) {
			t.Fatalf("%q is written %q, which is %#v and not %#v", text, d, again, d)
		}
		last := d.Quantile(1.0 / (1 << 53))
		for i := 1; i < 1000; i++ {
			q := d.Quantile(float64(i) / 1000)
			if q < last || q < 0 || q > Max {
				t.Fatalf("%v: quantile %v is %v after %v", d, float64(i)/1000, q, last)
			}
			last = q
		}
		if d.Mean() < 0 || d.Share() < 0 || d.Share() > 1 {
			t.Fatalf("%v: mean %v, share %v", d, d.Mean(), d.Share())
		}
	})
}

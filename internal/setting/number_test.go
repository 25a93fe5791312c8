package setting

import (
	"encoding"
	"reflect"
	"strings"
	"testing"
)

// text is what every setting is.
type text interface {
	encoding.TextMarshaler
	encoding.TextUnmarshaler
}

// check reads each text into a fresh value and compares what the value writes,
// which must be read as the same value.
func check[T any, P interface {
	*T
	text
}](t *testing.T, canonical map[string]string) {
	t.Helper()
	for in, want := range canonical {
		v, again := P(new(T)), P(new(T))
		if err := v.UnmarshalText([]byte(in)); err != nil {
			t.Errorf("%q is refused: %v", in, err)
			continue
		}
		got, err := v.MarshalText()
		if err != nil || string(got) != want {
			t.Errorf("%q is written %q (error %v), want %q", in, got, err, want)
		}
		if err := again.UnmarshalText(got); err != nil || !reflect.DeepEqual(v, again) {
			t.Errorf("%q, read again, is %v (error %v) and was %v", got, again, err, v)
		}
	}
}

// checkErrors wants each text refused, in one line that begins with what is
// given, and the value left alone.
func checkErrors[T any, P interface {
	*T
	text
}](t *testing.T, before T, refused map[string]string) {
	t.Helper()
	for in, want := range refused {
		v := before
		err := P(&v).UnmarshalText([]byte(in))
		if err == nil {
			t.Errorf("%q is read as %v", in, v)
			continue
		}
		if !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %q, want %q", in, err, want)
		}
		if !reflect.DeepEqual(v, before) {
			t.Errorf("%q: an error left %v behind", in, v)
		}
	}
}

func TestShare(t *testing.T) {
	check[Share](t, map[string]string{
		"0": "0", "-0": "0", "0%": "0", "1": "1", "100%": "1", "1e2%": "1", "1e-2": "1%",
		"0.05": "5%", " 5% ": "5%", "5 %": "5%", ".5": "50%", "0.07": "7%", "7%": "7%",
		"12.3%": "12.3%", "0.29": "29%", "0.001": "0.1%", "0.000001%": "1e-08", "+0.25": "25%",
	})
	for in, want := range map[string]Share{"5%": 0.05, "7%": 0.07, "12.3%": 0.123, "0.1%": 0.001, "29%": 0.29} {
		var s Share
		if err := s.UnmarshalText([]byte(in)); err != nil || s != want {
			t.Errorf("%q is %v (error %v), want exactly %v", in, float64(s), err, float64(want))
		}
	}
	const not, outside = " is not a share such as 0.05 or 5%", " is not a share from 0 to 1, or from 0% to 100%"
	checkErrors[Share](t, 0.5, map[string]string{
		"": `""` + not, "%": `"%"` + not, "NaN": `"NaN"` + not, "Inf": `"Inf"` + not, "0x1p-3": `"0x1p-3"` + not,
		"5%%": `"5%%"` + not, "1e": `"1e"` + not, "1e-": `"1e-"` + not, "1e999": `"1e999"` + not,
		"1.01": `"1.01"` + outside, "5": `"5"` + outside, "100.1%": `"100.1%"` + outside, "-1%": `"-1%"` + outside,
	})
}

func TestRate(t *testing.T) {
	check[Rate](t, map[string]string{
		"0": "0", "0/s": "0", "-0": "0", "500": "500/s", "500/s": "500/s", "30000/m": "500/s", "36000/h": "10/s",
		" 0.5 / s ": "0.5/s", "1e3": "1000/s", "1000000": "1000000/s", "1/m": "0.016666666666666666/s",
		"1e-5": "1e-05/s", "1e300": "1e+300/s",
	})
	const not = " is not a rate such as 500, 500/s or 30000/m"
	const unit = " is not per second, minute or hour: write /s, /m or /h"
	checkErrors[Rate](t, 7, map[string]string{
		"": `""` + not, "NaN": `"NaN"` + not, "Inf/s": `"Inf/s"` + not, "1e999": `"1e999"` + not, "/s": `"/s"` + not,
		"5 0": `"5 0"` + not, "-1": `"-1" is negative`, "-1/s": `"-1/s" is negative`,
		"5/": `"5/"` + unit, "5/d": `"5/d"` + unit, "5/s/s": `"5/s/s"` + unit, "5/ms": `"5/ms"` + unit,
	})
}

func TestMaybe(t *testing.T) {
	check[Maybe](t, map[string]string{"": "", " ": "", "0": "", "3": "3", "1_000": "1000"})
	checkErrors[Maybe](t, 7, map[string]string{"-1": `"-1" is not a whole number from 0 to 2147483647`})
}

func TestSize(t *testing.T) {
	check[Size](t, map[string]string{
		"0": "0", "128": "128", "128B": "128", "1KB": "1KB", "1 kb": "1KB", "1000": "1KB", "1KiB": "1KiB", "1024": "1KiB",
		"1MB": "1MB", "1024KB": "1000KiB", "1MiB": "1MiB", "2GB": "2GB", "1gib": "1GiB", "2147483647": "2147483647",
	})
	for in, want := range map[string]Size{"1KB": 1000, "1KiB": 1024, "3MB": 3_000_000, "1MiB": 1 << 20, "2GB": 2_000_000_000} {
		var s Size
		if err := s.UnmarshalText([]byte(in)); err != nil || s != want {
			t.Errorf("%q is %d (error %v), want %d", in, int(s), err, int(want))
		}
	}
	const not = " is not a size from 0 to 2147483647 bytes, such as 128 or 1KB"
	checkErrors[Size](t, 7, map[string]string{
		"": `""` + not, "-1": `"-1"` + not, "1.5KB": `"1.5KB"` + not, "2147483648": `"2147483648"` + not,
		"2GiB": `"2GiB"` + not, "99999999999999999999": `"99999999999999999999"` + not, "KB": `"KB"` + not,
		"1TB": `"1TB" has an unknown unit`, "NaN": `"NaN" has an unknown unit`,
	})
}

func FuzzScalars(f *testing.F) {
	for _, in := range []string{"0.05", "5%", "1e-7", "12.3%", "500/s", "30000/m", "1KB", "1KiB", "10_000", "1m30s", "A,B"} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		for _, pair := range [][2]text{
			{new(Share), new(Share)}, {new(Rate), new(Rate)}, {new(Size), new(Size)},
			{new(Duration), new(Duration)}, {new(Count), new(Count)}, {new(Seed), new(Seed)}, {new(List), new(List)},
		} {
			v, again := pair[0], pair[1]
			if v.UnmarshalText([]byte(in)) != nil {
				continue
			}
			out, err := v.MarshalText()
			if err != nil {
				t.Fatalf("%T: %q is read and not written: %v", v, in, err)
			}
			if err := again.UnmarshalText(out); err != nil || !reflect.DeepEqual(v, again) {
				t.Fatalf("%T: %q is written %q, which is read as %v (error %v)", v, in, out, again, err)
			}
		}
	})
}

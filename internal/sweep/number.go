package sweep

import (
	"strconv"
	"strings"

	"crosstalk/internal/metric"
	"crosstalk/internal/setting"
)

// Numbers returns the values as numbers in one unit: seconds, shares, requests
// per second or plain numbers. They are not ok where they are none of these, as
// distributions and policies are; they then can only be told apart.
func (v Vary) Numbers() (numbers []float64, unit metric.Unit, ok bool) {
	for _, read := range []struct {
		unit metric.Unit
		read func(text string) (float64, error)
	}{{metric.Number, plain}, {metric.Share, share}, {metric.Seconds, seconds}, {metric.PerSecond, perSecond}} {
		if numbers, ok = readAll(v.Values, read.read); ok {
			if unit, more := plainUnits[v.Setting]; read.unit == metric.Number && more {
				return numbers, unit, true
			}
			return numbers, read.unit, true
		}
	}
	return nil, 0, false
}

// plainUnits are what plain numbers of a setting are, where they are more than that.
var plainUnits = map[string]metric.Unit{
	"fail-rate": metric.Share, "hang-rate": metric.Share, "rate": metric.PerSecond, "write-rate": metric.PerSecond,
}

func readAll(texts []string, read func(string) (float64, error)) ([]float64, bool) {
	var out []float64
	for _, text := range texts {
		n, err := read(text)
		if err != nil {
			return nil, false
		}
		out = append(out, n)
	}
	return out, true
}

func plain(text string) (float64, error) {
	return strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
}

func share(text string) (float64, error) {
	var s setting.Share
	err := s.UnmarshalText([]byte(text))
	return float64(s), err
}

func seconds(text string) (float64, error) {
	var d setting.Duration
	err := d.UnmarshalText([]byte(text))
	return float64(d) / 1e9, err
}

func perSecond(text string) (float64, error) {
	var r setting.Rate
	err := r.UnmarshalText([]byte(text))
	return float64(r), err
}

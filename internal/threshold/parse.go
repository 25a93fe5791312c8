package threshold

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"crosstalk/internal/metric"
	"crosstalk/internal/setting"
)

// Syntax shows how thresholds are written.
const Syntax = "p(99)<50ms, errors<1%, sync:staleness.p(99)<200ms, throughput>450"

// The distributions whose figures a threshold can bound; of the optional ones a
// run may well have no samples.
var (
	distributions = []string{"latency", "service_time", "failed_latency", "lateness", "staleness", "lag"}
	optional      = map[string]bool{"failed_latency": true, "staleness": true, "lag": true, "cpu": true, "write_errors": true}
	plain         = []string{"errors", "stale", "write_errors", "throughput", "events", "cpu"}
	figures       = []string{"p(99)", "med", "avg", "max"}
)

// operators are in the order in which they are looked for: === is k6's ==.
var operators = []string{"<=", ">=", "===", "==", "!=", "<", ">"}

// Parse reads a threshold, in k6's syntax: a metric, an operator and a bound with
// its unit, such as p(99)<50ms. SCENARIO: before it restricts it to one of them;
// regression. bounds the change for the worse in a comparison.
func Parse(text string) (Threshold, error) {
	t := Threshold{Text: strings.TrimSpace(text)}
	at := strings.IndexAny(t.Text, "<>=!")
	if at < 0 {
		return t, fmt.Errorf("%q has no <, <=, >, >=, == or !=: write it as in %s", text, Syntax)
	}
	left, right := t.Text[:at], t.Text[at:]
	i := slices.IndexFunc(operators, func(o string) bool { return strings.HasPrefix(right, o) })
	if i < 0 {
		return t, fmt.Errorf("%q has no <, <=, >, >=, == or !=: write it as in %s", text, Syntax)
	}
	t.Operator = strings.Replace(operators[i], "===", "==", 1)
	if err := t.readMetric(left); err != nil {
		return t, fmt.Errorf("%q: %w", text, err)
	}
	bound := strings.TrimSpace(right[len(operators[i]):])
	var err error
	if t.Bound, err = t.readBound(bound); err != nil {
		return t, fmt.Errorf("%q: %w", text, err)
	}
	return t, nil
}

// readMetric reads what stands before the operator.
func (t *Threshold) readMetric(text string) error {
	text = strings.TrimSpace(text)
	if scenario, rest, ok := strings.Cut(text, ":"); ok {
		if t.Scenario, text = strings.TrimSpace(scenario), strings.TrimSpace(rest); t.Scenario == "" {
			return errors.New("there is no scenario before the colon")
		}
	}
	if rest, ok := strings.CutPrefix(text, "regression."); ok {
		t.Regression, text = true, rest
	}
	name, err := nameOf(text)
	if err != nil {
		return err
	}
	t.Metric, err = metric.ByName(name)
	return err
}

// nameOf returns the name that package metric has for a threshold's metric: p(99)
// and p99 are latency.p99, avg is the mean, med the median.
func nameOf(text string) (string, error) {
	if slices.Contains(plain, text) {
		return text, nil
	}
	of, figure, ok := strings.Cut(text, ".")
	if !ok || !slices.Contains(distributions, of) {
		of, figure = "latency", text
	}
	switch figure {
	case "avg", "mean":
		return of + ".mean", nil
	case "med":
		return of + ".p50", nil
	case "max":
		return of + ".max", nil
	}
	percent, ok := strings.CutPrefix(figure, "p")
	if inside, open := strings.CutPrefix(percent, "("); ok && open {
		if percent, ok = strings.CutSuffix(inside, ")"); !ok {
			return "", fmt.Errorf("%q has no closing bracket", text)
		}
	}
	percent = strings.TrimSpace(percent)
	if v, err := strconv.ParseFloat(percent, 64); ok && err == nil {
		if !(v > 0 && v < 100) {
			return "", fmt.Errorf("%q is no percentile between 0 and 100", text)
		}
		return of + ".p" + percent, nil
	}
	return "", unknown(text)
}

func unknown(text string) error {
	known := slices.Concat(plain, distributions, figures)
	if guess := setting.DidYouMean(text, known); guess != "" {
		return fmt.Errorf("unknown metric %q%s", text, guess)
	}
	if of, _, ok := strings.Cut(text, "."); ok {
		if guess := setting.DidYouMean(of, distributions); guess != "" {
			return fmt.Errorf("unknown metric %q%s", text, guess)
		}
	}
	return fmt.Errorf("unknown metric %q: %s, or p(99), med, avg or max, of latency or with %s before it",
		text, strings.Join(plain, ", "), strings.Join(distributions[1:], "., ")+".")
}

// readBound reads the bound in the metric's unit.
func (t *Threshold) readBound(text string) (float64, error) {
	if text == "" {
		return 0, errors.New("there is no bound behind the operator")
	}
	switch {
	case t.Regression:
		return change(text)
	case t.Metric.Unit == metric.Seconds:
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return 0, fmt.Errorf("%q is no duration such as 50ms", text)
		}
		return d.Seconds(), nil
	case t.Metric.Unit == metric.Share:
		var s setting.Share
		if s.UnmarshalText([]byte(text)) != nil {
			return 0, fmt.Errorf("%q is no share such as 1%% or 0.01", text)
		}
		return float64(s), nil
	case t.Metric.Unit == metric.PerSecond:
		var r setting.Rate
		if r.UnmarshalText([]byte(text)) != nil {
			return 0, fmt.Errorf("%q is no rate such as 450 or 450/s", text)
		}
		return float64(r), nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is no number", text)
	}
	return v, nil
}

// change reads how much worse something may get: 5%, or 0.05.
func change(text string) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is no change such as 5%%", text)
	}
	if percent {
		v /= 100
	}
	return v, nil
}

func (t Threshold) distribution() string {
	of, _, _ := strings.Cut(t.Metric.Name, ".")
	return of
}

// Speaks checks that the scenarios which thresholds name are among the given ones;
// all are those that there are at all.
func Speaks(thresholds []Threshold, given, all []string) error {
	for _, t := range thresholds {
		switch {
		case t.Scenario == "" || slices.Contains(given, t.Scenario):
		case slices.Contains(all, t.Scenario):
			return fmt.Errorf("%q: %s is not among the runs: %s", t.Text, t.Scenario, strings.Join(given, ", "))
		default:
			guess := setting.DidYouMean(t.Scenario, given)
			if guess == "" {
				guess = ": " + strings.Join(given, ", ")
			}
			return fmt.Errorf("%q: unknown scenario %q%s", t.Text, t.Scenario, guess)
		}
	}
	return nil
}

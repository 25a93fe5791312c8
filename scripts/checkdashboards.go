//go:build ignore

// Checkdashboards asks a Prometheus what every dashboard given would ask it: the
// queries of the panels, of the annotations and of the variables. An error or an
// empty answer is a failure, and so is a rule that is not healthy or records nothing.
//
//	go run scripts/checkdashboards.go --prometheus=URL --begin=UNIX --end=UNIX DASHBOARD.json...
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
)

type dashboard struct {
	Title       string
	Panels      []panel
	Templating  struct{ List []variable }
	Annotations struct{ List []annotation }
}

type panel struct {
	ID      int
	Type    string
	Title   string
	Targets []target
}

type target struct {
	RefID   string
	Expr    string
	Instant bool
}

type variable struct {
	Name  string
	Type  string
	Query json.RawMessage
}

type annotation struct {
	Name   string
	Target target
}

// source is the Prometheus, and the time that is looked at.
type source struct {
	url        string
	begin, end int64
}

func main() {
	var s source
	flag.StringVar(&s.url, "prometheus", "http://127.0.0.1:9090", "")
	flag.Int64Var(&s.begin, "begin", 0, "")
	flag.Int64Var(&s.end, "end", 0, "")
	flag.Parse()
	var errs []error
	for _, path := range flag.Args() {
		errs = append(errs, s.check(path))
	}
	errs = append(errs, s.rules())
	if err := errors.Join(errs...); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (s source) check(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var d dashboard
	if err := json.Unmarshal(data, &d); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var errs []error
	panels, queries, series := 0, 0, 0
	ask := func(what string, t target) {
		n, err := s.ask(t)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %s, query %s: %w\n\t%s", path, what, t.RefID, err, t.Expr))
		}
		queries, series = queries+1, series+n
	}
	for _, p := range d.Panels {
		if p.Type == "row" {
			continue
		}
		panels++
		for _, t := range p.Targets {
			ask(fmt.Sprintf("panel %d %q", p.ID, p.Title), t)
		}
	}
	for _, a := range d.Annotations.List {
		ask("annotation "+a.Name, a.Target)
	}
	for _, v := range d.Templating.List {
		if err := s.values(v); err != nil {
			errs = append(errs, fmt.Errorf("%s: variable %s: %w", path, v.Name, err))
		}
	}
	fmt.Printf("%s: %d panels, %d queries, %d series\n", d.Title, panels, queries, series)
	return errors.Join(errs...)
}

// fill puts in what Grafana would: everything, for a variable.
func (s source) fill(expr string) string {
	return strings.NewReplacer(
		"$__rate_interval", "4s", "$__interval", "1s", "$__range", strconv.FormatInt(s.end-s.begin, 10)+"s",
		"$run", ".*", "$scenario", ".*", "$service", ".*",
	).Replace(expr)
}

// ask returns how many series there are with a number in them.
func (s source) ask(t target) (int, error) {
	form := url.Values{"query": {s.fill(t.Expr)}}
	path := "/api/v1/query_range"
	if t.Instant {
		path = "/api/v1/query"
		form.Set("time", strconv.FormatInt(s.end, 10))
	} else {
		form.Set("start", strconv.FormatInt(s.begin, 10))
		form.Set("end", strconv.FormatInt(s.end, 10))
		form.Set("step", "1")
	}
	var got struct {
		Result []struct {
			Values [][2]any
			Value  *[2]any
		}
	}
	if err := s.get(path, form, &got); err != nil {
		return 0, err
	}
	full := 0
	for _, r := range got.Result {
		if r.Value != nil {
			r.Values = append(r.Values, *r.Value)
		}
		if hasNumber(r.Values) {
			full++
		}
	}
	if full == 0 {
		return 0, errors.New("the answer is empty")
	}
	return full, nil
}

func hasNumber(values [][2]any) bool {
	for _, v := range values {
		text, _ := v[1].(string)
		if n, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(n) {
			return true
		}
	}
	return false
}

var labelValues = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)

// values asks for the values of a variable.
func (s source) values(v variable) error {
	if v.Type != "query" {
		return nil
	}
	var q struct{ Query string }
	if err := json.Unmarshal(v.Query, &q); err != nil {
		return err
	}
	parts := labelValues.FindStringSubmatch(q.Query)
	if parts == nil {
		return fmt.Errorf("%q is not label_values(METRIC, LABEL)", q.Query)
	}
	var got []string
	if err := s.get("/api/v1/label/"+parts[2]+"/values", url.Values{"match[]": {s.fill(parts[1])}}, &got); err != nil {
		return err
	}
	if len(got) == 0 {
		return errors.New("it has no values")
	}
	return nil
}

// rules holds that each rule is healthy, and that what is recorded is there.
func (s source) rules() error {
	var got struct {
		Groups []struct {
			Rules []struct{ Type, Name, Health, LastError string }
		}
	}
	if err := s.get("/api/v1/rules", nil, &got); err != nil {
		return err
	}
	var errs []error
	n := 0
	for _, g := range got.Groups {
		for _, r := range g.Rules {
			n++
			if r.Health != "ok" {
				errs = append(errs, fmt.Errorf("rule %s is %s: %s", r.Name, r.Health, r.LastError))
			}
			if r.Type == "recording" {
				if _, err := s.ask(target{Expr: r.Name}); err != nil {
					errs = append(errs, fmt.Errorf("rule %s: %w", r.Name, err))
				}
			}
		}
	}
	if n == 0 {
		errs = append(errs, errors.New("there are no rules"))
	}
	fmt.Printf("Rules: %d\n", n)
	return errors.Join(errs...)
}

func (s source) get(path string, form url.Values, into any) error {
	response, err := http.Get(s.url + path + "?" + form.Encode())
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var body struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		return fmt.Errorf("%s: %w", response.Status, err)
	}
	if body.Status != "success" {
		return errors.New(body.Error)
	}
	return json.Unmarshal(body.Data, into)
}

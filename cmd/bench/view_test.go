package main

import (
	"io"
	"strings"
	"testing"
	"time"

	"crosstalk/internal/experiment"
	"crosstalk/internal/load"
	"crosstalk/internal/runner"
)

func TestProgressLine(t *testing.T) {
	p := runner.Progress{
		Scenario: "sync", Phase: runner.Measuring, Limit: 7 * time.Second, Elapsed: 3 * time.Second, Duration: 10 * time.Second, Counts: &load.Counts{},
		P99: 76_400 * time.Microsecond, Oldest: 53 * time.Millisecond,
	}
	const want = "sync             measuring  200 sent  p99 76ms  errors 5 %  stale 0 %, up to 53ms  7 s left"
	v := &view{}
	if text, painted := v.progressLine(p, 200, 10, 0); text != want || painted != want {
		t.Errorf("%q, %q; want %q", text, painted, want)
	}
	v.colours = true
	text, painted := v.progressLine(p, 200, 10, 0)
	if text != want || !strings.Contains(painted, red+"errors 5 %  "+plain) || strings.Contains(painted, yellow) {
		t.Errorf("%q, %q", text, painted)
	}
	p.Elapsed, p.Phase, p.Waiting, p.Limit = 11*time.Second, runner.Draining, 17, 29*time.Second
	const drains = "sync             draining   1 sent  p99 76ms  errors 0 %  stale 0 %, up to 53ms  17 in flight, 29 s at most"
	if text, _ := v.progressLine(p, 1, 0, 0); text != drains {
		t.Errorf("%q, want %q", text, drains)
	}
}

// In a log each phase behind the measured part is told when it begins, then each 5 s.
func TestProgressInALog(t *testing.T) {
	var out strings.Builder
	v := newView(&out)
	p := runner.Progress{Scenario: "sync", Phase: runner.Starting, WaitingFor: "the control of A at 127.0.0.1:1", Counts: &load.Counts{}}
	show := func(elapsed, limit time.Duration) string {
		out.Reset()
		p.Elapsed, p.Limit = elapsed, limit
		v.progress(p)
		_, line, _ := strings.Cut(out.String(), " ") // the time of day
		return strings.TrimSpace(line)
	}
	p.Duration = 10 * time.Second
	for _, c := range []struct {
		phase          runner.Phase
		waiting        int64
		elapsed, limit time.Duration
		want           string
	}{
		{runner.Starting, 0, 4 * time.Second, 56 * time.Second, ""},
		{runner.Starting, 0, 5 * time.Second, 55 * time.Second, `INF starting elapsed=5s left=55s scenario=sync waiting_for="the control of A at 127.0.0.1:1"`},
		{runner.WarmUp, 0, -1 * time.Second, time.Second, ""},
		{runner.Measuring, 0, 4 * time.Second, 6 * time.Second, ""},
		{runner.Measuring, 0, 5 * time.Second, 5 * time.Second, "INF measuring elapsed=5s failed=0 left=5s oldest=0s p99=0s scenario=sync sent=0 stale=0"},
		{runner.Draining, 17, 11 * time.Second, 29 * time.Second, `INF draining elapsed=11s failed=0 left=29s oldest=0s p99=0s scenario=sync sent=0 stale=0 waiting_for="17 in flight"`},
		{runner.Draining, 17, 12 * time.Second, 28 * time.Second, ""},
		{runner.Catching, 3, 13 * time.Second, 30 * time.Second, `INF catching up elapsed=13s failed=0 left=30s oldest=0s p99=0s scenario=sync sent=0 stale=0 waiting_for="3 changes to be visible"`},
	} {
		p.Phase, p.Waiting = c.phase, c.waiting
		if got := show(c.elapsed, c.limit); got != c.want {
			t.Errorf("%s at %v: %q, want %q", c.phase, c.elapsed, got, c.want)
		}
	}
}

// All that a run says goes over the line of the command's view: another one would leave
// what stands there, since it does not know its width.
func TestARunSpeaksThroughTheViewOfItsCommand(t *testing.T) {
	e := experiment.Default()
	set, err := (&runCommand{drivers: 1}).options(&e)
	if err != nil {
		t.Fatal(err)
	}
	for name, say := range map[string]func(o runner.Options){
		"progress": func(o runner.Options) {
			o.Progress(runner.Progress{Scenario: "sync", Phase: runner.Measuring, Counts: &load.Counts{}})
		},
		"waiting": func(o runner.Options) { o.Waiting("sync", "the processes to leave") },
	} {
		v := &view{w: io.Discard, terminal: true}
		var o runner.Options
		set(&o, v)
		if say(o); v.width == 0 {
			t.Errorf("%s was not said through it", name)
		}
	}
}

package main

import (
	"strings"
	"testing"
	"time"

	"crosstalk/internal/load"
	"crosstalk/internal/runner"
)

func TestProgressLine(t *testing.T) {
	p := runner.Progress{
		Scenario: "sync", Elapsed: 3 * time.Second, Duration: 10 * time.Second, Counts: &load.Counts{},
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
	p.Elapsed = 11 * time.Second
	if text, _ := v.progressLine(p, 1, 0, 0); !strings.Contains(text, "draining") || strings.Contains(text, "left") {
		t.Errorf("%q", text)
	}
}

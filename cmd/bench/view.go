package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"

	"crosstalk/internal/experiment"
	"crosstalk/internal/result"
	"crosstalk/internal/runner"
	"crosstalk/scenarios"
)

// view says on stderr what goes on: a line that is rewritten on a terminal,
// plain lines otherwise.
type view struct {
	w        io.Writer
	terminal bool
	colours  bool // only on a terminal, and not where NO_COLOR (no-color.org) is set
	log      zerolog.Logger
	mu       sync.Mutex
	width    int // of the line that stands on the terminal
	phase    runner.Phase
}

// The colours of a terminal.
const (
	plain  = "\x1b[0m"
	bold   = "\x1b[1m"
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
)

func newView(w io.Writer) *view {
	f, ok := w.(*os.File)
	terminal := ok && isatty.IsTerminal(f.Fd())
	return &view{
		w:        w,
		terminal: terminal,
		colours:  terminal && os.Getenv("NO_COLOR") == "",
		log:      zerolog.New(zerolog.ConsoleWriter{Out: zerolog.SyncWriter(w), NoColor: true, TimeFormat: time.TimeOnly}).With().Timestamp().Logger(),
	}
}

func (v *view) started(scenario string, e *experiment.Experiment) {
	s, _ := scenarios.ByName(scenario) // the experiment is valid
	if v.terminal {
		v.line("%-16s starting: %s", s.Name, s.Summary)
		return
	}
	v.log.Info().Str("scenario", s.Name).Stringer("warmup", time.Duration(e.WarmUp)).
		Stringer("duration", time.Duration(e.Duration)).Msg("starting: " + s.Summary)
}

func (v *view) progress(p runner.Progress) {
	if p.Phase == runner.Starting {
		v.starting(p)
		return
	}
	sent, failed, stale := p.Counts.Sent.Load(), p.Counts.Failed.Load(), p.Counts.Stale.Load()
	if v.terminal {
		v.write(v.progressLine(p, sent, failed, stale))
		return
	}
	// A line a second would bury a log; a tenth of the run each is enough.
	step := 5 * time.Second
	if p.Phase == runner.Measuring {
		step = max(p.Duration/10, step).Truncate(time.Second)
	}
	second := p.Elapsed.Round(time.Second)
	changed := p.Phase != v.phase && p.Phase != runner.Measuring && p.Phase != runner.WarmUp
	if v.phase = p.Phase; !changed && (second <= 0 || second%step != 0) {
		return
	}
	line := v.log.Info().Str("scenario", p.Scenario).Stringer("elapsed", second)
	if waits := waitsFor(p); waits != "" {
		line = line.Str("waiting_for", waits)
	}
	if p.Limit > 0 || p.Phase == runner.Measuring {
		line = line.Stringer("left", p.Limit.Round(time.Second))
	}
	line.Int64("sent", sent).Int64("failed", failed).Int64("stale", stale).
		Stringer("p99", rounded(p.P99)).Stringer("oldest", rounded(p.Oldest)).Msg(string(p.Phase))
}

// starting says what is waited for before anything is measured, and how much longer.
func (v *view) starting(p runner.Progress) {
	switch second := p.Elapsed.Round(time.Second); {
	case p.WaitingFor == "":
	case v.terminal:
		v.line("%-16s starting: waiting for %s, %.0f s at most", p.Scenario, p.WaitingFor, p.Limit.Seconds())
	case second%(5*time.Second) == 0:
		v.log.Info().Str("scenario", p.Scenario).Stringer("elapsed", second).Str("waiting_for", p.WaitingFor).
			Stringer("left", p.Limit.Round(time.Second)).Msg(string(p.Phase))
	}
}

// waitsFor is what a phase behind the measured part waits for, in words.
func waitsFor(p runner.Progress) string {
	switch p.Phase {
	case runner.Draining:
		return fmt.Sprintf("%d in flight", p.Waiting)
	case runner.Catching:
		return fmt.Sprintf("%d changes to be visible", p.Waiting)
	}
	return ""
}

// progressLine is what stands on a terminal: as it is seen, and with its colours.
func (v *view) progressLine(p runner.Progress, sent, failed, stale int64) (text, painted string) {
	left := ""
	if p.Limit > 0 {
		left = fmt.Sprintf("%.0f s left", p.Limit.Seconds())
	}
	if waits := waitsFor(p); waits != "" {
		left = fmt.Sprintf("%s, %.0f s at most", waits, p.Limit.Seconds())
	}
	add := func(paint, format string, args ...any) {
		part := fmt.Sprintf(format, args...)
		text += part
		if v.colours && paint != "" {
			part = paint + part + plain
		}
		painted += part
	}
	warn := func(paint string, n int64) string {
		if n == 0 {
			return ""
		}
		return paint
	}
	add(bold, "%-16s ", p.Scenario)
	add("", "%-9s  %d sent  p99 %v  ", p.Phase, sent, rounded(p.P99))
	add(warn(red, failed), "errors %.2g %%  ", 100*share(failed, sent))
	add(warn(yellow, stale), "stale %.2g %%, up to %v  ", 100*share(stale, sent), rounded(p.Oldest))
	add("", "%s", left)
	return text, painted
}

func share(n, of int64) float64 { return float64(n) / float64(max(of, 1)) }

func rounded(d time.Duration) time.Duration {
	if d < time.Millisecond {
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(time.Millisecond)
}

// quiet is how long a prediction may last without a word, and between two.
const quiet = 2 * time.Second

// predicting returns what tells how far the prediction of a scenario is, once that
// takes longer than quiet.
func (v *view) predicting(scenario string) func(share float64) {
	next := time.Now().Add(quiet)
	return func(share float64) {
		if now := time.Now(); now.After(next) {
			next = now.Add(quiet)
			v.step("%s: asking theory, %.0f %%", scenario, 100*share)
		}
	}
}

// waiting says what is waited for after the load.
func (v *view) waiting(scenario, what string) {
	if v.terminal {
		v.line("%-16s waiting for %s", scenario, what)
		return
	}
	v.log.Info().Str("scenario", scenario).Msg("waiting for " + what)
}

// step says which of many runs is under way.
func (v *view) step(format string, args ...any) {
	if v.terminal {
		v.line(format, args...)
		return
	}
	v.log.Info().Msg(fmt.Sprintf(format, args...))
}

// clear leaves an empty line on a terminal, for others to write to.
func (v *view) clear() {
	if v.terminal {
		v.line("")
	}
}

func (v *view) ended(r *result.Run) {
	if v.terminal {
		v.clear()
		return
	}
	v.log.Info().Str("scenario", r.Scenario).Str("verdict", string(r.Verdict)).Msg("done")
}

// line writes over the line that stands there.
func (v *view) line(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	v.write(text, text)
}

// write writes a line over the one that stands there. text is how it is seen.
func (v *view) write(text, painted string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	seen := len([]rune(text))
	fmt.Fprintf(v.w, "\r%s%s", painted, strings.Repeat(" ", max(v.width-seen, 0)))
	if v.width = seen; text == "" {
		fmt.Fprint(v.w, "\r")
	}
}

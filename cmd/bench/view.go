package main

import (
	"fmt"
	"io"
	"os"
	"strings"
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
	log      zerolog.Logger
	width    int // of the line that stands on the terminal
}

func newView(w io.Writer) *view {
	f, ok := w.(*os.File)
	return &view{
		w:        w,
		terminal: ok && isatty.IsTerminal(f.Fd()),
		log:      zerolog.New(zerolog.ConsoleWriter{Out: w, NoColor: true, TimeFormat: time.TimeOnly}).With().Timestamp().Logger(),
	}
}

func (v *view) started(s scenarios.Scenario, e *experiment.Experiment) {
	if v.terminal {
		v.line("%-16s starting: %s", s.Name, s.Summary)
		return
	}
	v.log.Info().Str("scenario", s.Name).Stringer("warmup", time.Duration(e.WarmUp)).
		Stringer("duration", time.Duration(e.Duration)).Msg("starting: " + s.Summary)
}

func (v *view) progress(p runner.Progress) {
	sent, failed, stale := p.Counts.Sent.Load(), p.Counts.Failed.Load(), p.Counts.Stale.Load()
	if v.terminal {
		phase := "measuring"
		switch {
		case p.Elapsed < 0:
			phase = "warm-up"
		case p.Elapsed > p.Duration:
			phase = "draining"
		}
		v.line("%-16s %-9s %3d of %.0f s  sent %d  failed %d  stale %d",
			p.Scenario, phase, int(p.Elapsed.Seconds()), p.Duration.Seconds(), sent, failed, stale)
		return
	}
	// A line a second would bury a log; a tenth of the run each is enough.
	step := max(p.Duration/10, 5*time.Second).Truncate(time.Second)
	if second := p.Elapsed.Round(time.Second); second > 0 && second%step == 0 {
		v.log.Info().Str("scenario", p.Scenario).Stringer("elapsed", second).
			Int64("sent", sent).Int64("failed", failed).Int64("stale", stale).Msg("measuring")
	}
}

// step says which of many runs is under way.
func (v *view) step(format string, args ...any) {
	if v.terminal {
		v.line(format, args...)
		return
	}
	v.log.Info().Msg(fmt.Sprintf(format, args...))
}

func (v *view) ended(r *result.Run) {
	if v.terminal {
		v.line("")
		return
	}
	v.log.Info().Str("scenario", r.Scenario).Str("verdict", string(r.Verdict)).Msg("done")
}

// line writes over the line that stands there.
func (v *view) line(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	fmt.Fprintf(v.w, "\r%s%s", text, strings.Repeat(" ", max(v.width-len(text), 0)))
	if v.width = len(text); text == "" {
		fmt.Fprint(v.w, "\r")
	}
}

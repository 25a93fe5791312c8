package doctor

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Print writes the report as tables.
func (r *Report) Print(w io.Writer) error {
	p := &printer{tabs: tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	p.line("PACING: how late the driver sends, constant arrivals, to a target that answers at once")
	p.line("rate", "achieved", "late p50", "late p99", "cores")
	for _, c := range r.Pacing {
		p.line(fmt.Sprintf("%.0f/s", c.Rate), fmt.Sprintf("%.0f/s", c.Achieved), span(c.P50), span(c.P99), fmt.Sprintf("%.3f", c.Cores))
	}
	p.line("")
	p.line("SLEEPS: how far a service's delay overshoots, ten at a time")
	p.line("asked", "over p50", "over p99")
	for _, s := range r.Sleeps {
		p.line(span(s.Asked), span(s.P50), span(s.P99))
	}
	p.line("")
	p.line("TRIPS: one at a time")
	p.line("what", "p50", "p99")
	for _, t := range r.Trips {
		p.line(t.Name, span(t.P50), span(t.P99))
	}
	p.line("")
	p.line("LIMITS: a closed loop of 64")
	p.line("the driver alone", fmt.Sprintf("%.0f/s", r.DriverRate))
	p.line("with an empty gRPC service in this process", fmt.Sprintf("%.0f/s", r.CallRate))
	p.line("")
	p.line("CPU meanwhile, of " + cores(r.Cores))
	p.line(r.CPU.String())
	p.line("")
	p.conclusions(r)
	if err := p.tabs.Flush(); err != nil {
		return err
	}
	return p.err
}

func (p *printer) conclusions(r *Report) {
	c := r.Conclusions
	p.line("WHAT THAT MEANS here and now")
	p.line(fmt.Sprintf("smallest difference of p50 that two runs can tell: %s; of p99: %s", span(c.SmallestP50), span(c.SmallestP99)))
	p.line(fmt.Sprintf("  (an empty call at %.0f/s in %d blocks; a test at 5 %% finds it in 80 of 100 cases)", r.BlockRate, len(r.Blocks)))
	rate := fmt.Sprintf("%.0f/s", c.TrustedRate)
	if c.TrustedRate == 0 {
		rate = "none"
	}
	p.line(fmt.Sprintf("highest rate that can be trusted: %s; %s", rate, c.Limit))
}

// String tells who used the cores.
func (c CPU) String() string {
	if !c.Known {
		return "not known on this system"
	}
	return fmt.Sprintf("%.1f %% this process, %.1f %% others here, %.1f %% stolen by other machines", c.Own*100, c.Others*100, c.Stolen*100)
}

func cores(n int) string {
	if n == 1 {
		return "1 core"
	}
	return fmt.Sprintf("%d cores", n)
}

// span is a duration with three digits.
func span(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit).String()
}

type printer struct {
	tabs *tabwriter.Writer
	err  error
}

func (p *printer) line(cells ...string) {
	if _, err := fmt.Fprintln(p.tabs, strings.Join(cells, "\t")); err != nil && p.err == nil {
		p.err = err
	}
}

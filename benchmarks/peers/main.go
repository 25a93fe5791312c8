// Command peers holds the driver against ghz and fortio: the same empty gRPC call of
// the same server, in turn, each in a process of its own. It prints medians and
// ratios.
//
// Its law: the peers are built as they are published, at the versions below, into a
// temporary folder, and run with their own flags; nothing of theirs stays.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"crosstalk/benchmarks/rig"
)

// The peers, pinned. Later versions of fortio bring a scripting language, whose module
// not every proxy hands out.
var modules = map[string]string{
	"ghz":    "github.com/bojand/ghz/cmd/ghz@v0.93.0",
	"fortio": "fortio.org/fortio@v1.66.5",
}

func main() {
	rig.AsChild()
	if len(os.Args) > 1 && (os.Args[1] == "driver" || os.Args[1] == "bare") {
		exitOn(child(os.Args[1:]))
		return
	}
	runs := flag.Int("runs", 5, "how often each is run, in turn")
	length := flag.Duration("d", 3*time.Second, "how long each is run for")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	exitOn(compare(ctx, *runs, *length))
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func compare(ctx context.Context, runs int, length time.Duration) error {
	dir, err := os.MkdirTemp("", "crosstalk-peers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, module := range modules {
		fmt.Fprintln(os.Stderr, "building", module)
		cmd := exec.CommandContext(ctx, "go", "install", module)
		cmd.Dir = dir // so that this module's go.mod has no say
		cmd.Env = append(os.Environ(), "GOBIN="+dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", module, err, out)
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	echo, err := rig.StartEcho()
	if err != nil {
		return err
	}
	defer echo.Close()
	in := place{echo.Address, length, self, filepath.Join(dir, "ghz"), filepath.Join(dir, "fortio")}
	for _, c := range []contest{
		{"CLOSED LOOP of 64, one connection", in.closed()},
		{"OPEN LOOP at 1,000/s, one connection", in.open()},
	} {
		if err := c.hold(ctx, runs); err != nil {
			return err
		}
	}
	return nil
}

// contest is what is run in turn; the first of the tools is ours.
type contest struct {
	name  string
	tools []tool
}

func (c contest) hold(ctx context.Context, runs int) error {
	figures := make([]rig.Ratios, len(c.tools)) // of the CPU of ours, against theirs
	p99s, rates := make([][]float64, len(c.tools)), make([][]float64, len(c.tools))
	for range runs {
		var ours float64
		for i, t := range c.tools {
			f, err := t.run(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			if i == 0 {
				ours = f.cpuPer1000
			}
			figures[i].Add(ours, f.cpuPer1000)
			p99s[i], rates[i] = append(p99s[i], f.p99), append(rates[i], f.rate)
		}
	}
	fmt.Printf("\n%s: medians of %d runs in turn\n", c.name, runs)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "tool\tsent\tp99 it reports\tCPU s/1000\tthe driver's CPU by this one's")
	for i, t := range c.tools {
		p99 := "–" // it reads no clock
		if p := rig.Median(p99s[i]); p > 0 {
			p99 = fmt.Sprintf("%.2f ms", p*1e3)
		}
		fmt.Fprintf(w, "%s\t%.0f/s\t%s\t%.4f\t%.2f\n", t.name,
			rig.Median(rates[i]), p99, figures[i].Theirs(), figures[i].Median())
	}
	return w.Flush()
}

// figure is what a run of a tool gave.
type figure struct{ rate, p99, cpuPer1000 float64 }

// tool is a load generator and its command line.
type tool struct {
	name string
	args []string
	read func(stdout []byte) (requests int64, seconds, p99 float64, err error)
}

func (t tool) run(ctx context.Context) (figure, error) {
	cmd := exec.CommandContext(ctx, t.args[0], t.args[1:]...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return figure{}, fmt.Errorf("%w: %s", err, stderr.String())
	}
	n, seconds, p99, err := t.read(out)
	if err != nil {
		return figure{}, err
	}
	cpu := (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	return figure{float64(n) / seconds, p99, cpu / float64(max(n, 1)) * 1000}, nil
}

package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"crosstalk/internal/experiment"
	"crosstalk/internal/report"
	"crosstalk/internal/result"
	"crosstalk/internal/runner"
	"crosstalk/internal/setting"
	"crosstalk/internal/topology"
	"crosstalk/scenarios"
)

type runCommand struct {
	*suite
	samples         bool
	json            bool
	otlp            string
	nodes           string
	target          string
	attach          int
	drivers         int
	access          access
	printExperiment bool
}

func newRun() *cobra.Command {
	c := &runCommand{}
	cmd := &cobra.Command{
		Use:   "run [EXPERIMENT.yaml]",
		Short: "Run an experiment in each scenario, one after the other, and compare them",
		Long: `Run starts the services A, B, C and D in each scenario, loads D, judges each
answer, and prints a table with a row per scenario. It writes a folder per run
under results/: run.json, latency.hlog, and beside them the pictures.

Settings come from the experiment file, if one is given, and from the flags,
which win. A setting for single services is written A=VALUE,B=VALUE; a value
without a name is meant for all upstreams.

Several drivers share a load that one cannot offer: each is started with the same
settings, --nodes and --drivers=3, and with --attach=0, 1 and 2. Driver 0 prepares the
nodes and begins when the others are there; those begin when it begins, and send queries
alone. bench merge makes one result of all.

Exit codes: 0 done, 1 could not run or a wrong answer, 2 bad flags or file,
3 the instrument was the limit (INVALID), 99 a threshold was crossed or could
not be decided, 130
interrupted.`,
		Example: `  bench run
  bench run --scenario=sync --fail-rate=0.05
  bench run --outage=B@3s+2s --latency='lognormal(5ms,50ms),B=20ms'
  bench run --fault='B:slow=10@3s+2s' --fault=bus:drop=1% --policy='timeout=50ms retry=2'
  bench run experiments/retry-storm.yaml
  bench run --placement=process --fault='C:stop@3s restart=1s' --fault='B:kill@6s restart=1s'
  bench run --nodes=nodes.yaml --scenario=sync
  bench run --rate=0 --concurrency=64 --latency=none
  bench run --threshold='p(99)<1s' --threshold='sync:errors<5%' --junit=thresholds.xml
  bench run --print-experiment > experiment.yaml && bench run experiment.yaml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, fileOf(args)) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	c.suite = addSuite(flags, experiment.Default())
	flags.BoolVar(&c.samples, "samples", false, "write every request to samples.csv")
	flags.StringVar(&c.otlp, "otlp", "", "export every request as OpenTelemetry spans to a collector, host:port (gRPC), which the processes of the services must reach too")
	flags.StringVar(&c.nodes, "nodes", "", "file that tells where the services run already, instead of starting them")
	flags.StringVar(&c.target, "target", "", "where the service that is queried is, host:port, instead of what --nodes says")
	flags.IntVar(&c.attach, "attach", 0, "add load, as driver 1, 2, ..., to what driver 0 prepares at --nodes: queries alone, with arrivals and a seed of its own")
	flags.IntVar(&c.drivers, "drivers", 1, "how many drivers share the load at --nodes: driver 0 waits for the others before it begins")
	c.access.add(flags)
	flags.BoolVar(&c.json, "json", false, "print the summaries as JSON lines instead of tables")
	flags.BoolVar(&c.printExperiment, "print-experiment", false, "print the full experiment file and run nothing")
	return cmd
}

func (c *runCommand) run(cmd *cobra.Command, path string) (err error) {
	e, err := c.settings.experiment(path)
	if err != nil {
		return err
	}
	if c.printExperiment {
		text, err := yaml.Marshal(e)
		if err != nil {
			return err
		}
		_, err = cmd.OutOrStdout().Write(text)
		return err
	}
	options, err := c.options(e)
	if err != nil {
		return err
	}
	return c.carryOut(cmd, plan{
		ask: e, batches: oneByOne(e), options: options, keep: true, to: c.asides(cmd),
		show: func(dir string, runs []done) error { return c.show(cmd, runs, dir) },
	})
}

// options checks the flags that settings are not, and returns what they say of the runs.
func (c *runCommand) options(e *experiment.Experiment) (func(o *runner.Options, v *view), error) {
	if _, _, err := net.SplitHostPort(c.otlp); c.otlp != "" && err != nil {
		return nil, usageError(fmt.Errorf("--otlp: %q is not host:port", c.otlp))
	}
	attach, err := c.attached(e)
	if err != nil {
		return nil, err
	}
	nodes, err := c.placed(e)
	if err != nil {
		return nil, err
	}
	access, err := c.access.client()
	if err != nil {
		return nil, err
	}
	return func(o *runner.Options, v *view) {
		o.Progress, o.Waiting = v.progress, v.waiting
		o.Samples, o.OTLP = c.samples, c.otlp
		o.Attach, o.Nodes, o.Drivers, o.Env.Access = attach, nodes, c.drivers, access
	}, nil
}

// placed returns where the services run already; nil where they do not.
func (c *runCommand) placed(e *experiment.Experiment) (topology.Nodes, error) {
	if c.nodes == "" && c.target == "" {
		return nil, nil
	}
	if e.Placement != experiment.InProcess {
		return nil, usageError(errors.New("--nodes: these run already, and --placement starts others"))
	}
	if c.nodes == "" {
		return nil, usageError(errors.New("--target: tell with --nodes where the others are: the driver writes to the owners"))
	}
	nodes, err := readNodes(c.nodes)
	if err != nil {
		return nil, err
	}
	if c.target != "" {
		if _, _, err := net.SplitHostPort(c.target); err != nil {
			return nil, usageError(fmt.Errorf("--target: %q is not host:port", c.target))
		}
		entry := nodes[e.Entry().Name]
		entry.Address = c.target
		nodes[e.Entry().Name] = entry
	}
	for _, s := range e.Services {
		if nodes[s.Name].Address == "" {
			return nil, usageError(fmt.Errorf("--nodes: %s does not tell where %s is", c.nodes, s.Name))
		}
	}
	return nodes, fits(nodes, c.nodes, e)
}

// fits refuses nodes that the experiment does not have, and scenarios that they could
// not be.
func fits(nodes topology.Nodes, file string, e *experiment.Experiment) error {
	for _, name := range slices.Sorted(maps.Keys(nodes)) {
		if _, ok := e.Service(name); !ok {
			return usageError(fmt.Errorf("--nodes: %s tells where %s is, and the experiment has no such service", file, name))
		}
		if entry := e.Entry().Name; nodes[name].Cache > 0 && name != entry {
			return usageError(fmt.Errorf("--nodes: %s has a cache for %s: only %s, which is queried, may have one", file, name, entry))
		}
	}
	for _, name := range e.Scenario {
		s, _ := scenarios.ByName(name) // the experiment is valid
		if scenarios.NeedsBus(s, e) && len(e.Kafka) == 0 {
			return usageError(fmt.Errorf("--kafka: %s needs a bus that the nodes reach: name a cluster, host:port", name))
		}
		for _, p := range scenarios.Processes(s, e) {
			copies := strings.Count(nodes[p.Name].Control, ",") + 1
			if err := topology.MayBeCopies(p, e, copies); err != nil {
				return usageError(fmt.Errorf("--nodes: %s: %w", file, err))
			}
		}
	}
	return nil
}

// attached returns which driver this is, and gives it a seed of its own.
func (c *runCommand) attached(e *experiment.Experiment) (int, error) {
	switch {
	case c.attach < 0 || c.attach > runner.MostDrivers:
		return 0, usageError(fmt.Errorf("--attach: %d is not in 0 to %d", c.attach, runner.MostDrivers))
	case c.attach > 0 && c.nodes == "":
		return 0, usageError(errors.New("--attach: tell with --nodes where the services are that another driver prepares"))
	case c.drivers < 1 || c.drivers > runner.MostDrivers:
		return 0, usageError(fmt.Errorf("--drivers: %d is not in 1 to %d", c.drivers, runner.MostDrivers))
	case c.drivers > 1 && c.nodes == "":
		return 0, usageError(errors.New("--drivers: they share what runs already: tell with --nodes where"))
	}
	e.Seed += setting.Seed(c.attach)
	return c.attach, nil
}

// show prints the tables and draws the pictures, from the run folders. What cannot
// be drawn does not keep the tables from being printed.
func (c *runCommand) show(cmd *cobra.Command, runs []done, dir string) error {
	printed := c.print(cmd.OutOrStdout(), runsOf(runs))
	drawn := errors.Join(draw(dir, loadedOf(runs)), writePage(dir))
	_, err := fmt.Fprintf(c.asides(cmd), "\nresults: %s (report.html, latency.png, timeline.png, staleness.png; run.json and latency.hlog per scenario)\n", dir)
	return errors.Join(printed, drawn, err)
}

// asides is where goes what is no summary: not among the lines of --json.
func (c *runCommand) asides(cmd *cobra.Command) io.Writer {
	if c.json {
		return cmd.ErrOrStderr()
	}
	return cmd.OutOrStdout()
}

func (c *runCommand) print(out io.Writer, runs []result.Run) error {
	if c.json {
		return report.JSONLines(out, runs)
	}
	if err := report.Summary(out, runs); err != nil {
		return err
	}
	return report.Text(out, report.Details(runs)...)
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"crosstalk/fakesvc"
	"crosstalk/internal/clock"
	"crosstalk/internal/experiment"
	"crosstalk/internal/sys"
	"crosstalk/internal/topology"
	"crosstalk/scenarios"
)

type serveCommand struct {
	settings *settings
	access   access
	service  string
	config   string
	listen   string
	control  string
	metrics  string
	nodes    string
	prefix   string
	data     string
	grace    time.Duration
	parent   bool
}

func newServe() *cobra.Command {
	c := &serveCommand{}
	cmd := &cobra.Command{
		Use:   "serve [EXPERIMENT.yaml]",
		Short: "Be one service of a topology, as a process of its own",
		Long: `Serve is a node: one service, which answers by gRPC at --listen and is controlled
by a driver at --control. With a --scenario and a --service it is that service at
once, as the experiment says, and ready when its needs and its copies are. Without a
scenario it waits for a driver: "bench run --nodes=NODES.yaml" tells each node what
to be, for one run.

Its health is that of the standard gRPC health service at --listen. SIGTERM has it
leave: it is NOT_SERVING, takes nothing more, and finishes what is under way within
--grace; a second signal, later than 1 s, ends it at once. Logs are JSON lines on
stderr. Each flag can be given as an environment variable: CROSSTALK_KAFKA is --kafka.
The token that a driver needs is read from CROSSTALK_TOKEN, or from a file.

Exit codes: 0 left in good order, 1 could not serve, 2 bad flags or file.`,
		Example: `  bench serve --service=A --listen=127.0.0.1:7000 --control=127.0.0.1:7001
  bench serve --service=D --scenario=sync --nodes=nodes.yaml experiment.yaml
  CROSSTALK_TOKEN=secret bench serve --service=B --control=:7001 --metrics=:9464`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, fileOf(args)) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&c.service, "service", "", "the service to be")
	flags.StringVar(&c.config, "config", "", "the experiment file, as the argument")
	flags.StringVar(&c.listen, "listen", "127.0.0.1:7000", "where the service answers, host:port")
	flags.StringVar(&c.control, "control", "127.0.0.1:7001", "where the driver controls it; beyond loopback only with a token or certificates")
	flags.StringVar(&c.metrics, "metrics", "", "serve Prometheus metrics at host:port, such as 127.0.0.1:9464")
	flags.StringVar(&c.nodes, "nodes", "", "file that tells where the other services are")
	flags.StringVar(&c.prefix, "prefix", "crosstalk", "begins the name of each topic")
	flags.StringVar(&c.data, "data", "", "folder for the databases; a temporary one by default")
	flags.DurationVar(&c.grace, "grace", 10*time.Second, "for how long what is under way may go on after SIGTERM")
	flags.BoolVar(&c.parent, "until-stdin-ends", false, "exit when stdin ends")
	must(flags.MarkHidden("until-stdin-ends"))
	c.access.add(flags)
	c.settings = addSettings(flags, experiment.Default())
	return cmd
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (c *serveCommand) run(cmd *cobra.Command, path string) (err error) {
	if !c.parent { // the environment is then that of the driver
		if err := fromEnvironment(cmd.Flags()); err != nil {
			return err
		}
	}
	if c.config != "" {
		path = c.config
	}
	config := topology.AgentConfig{
		Service: c.service, Listen: c.listen, Grace: c.grace,
		Env: fakesvc.Env{Listen: net.Listen, Dial: (&net.Dialer{}).DialContext, Sleep: clock.Precise},
		Log: zerolog.New(cmd.ErrOrStderr()).With().Timestamp().Str("service", c.service).Logger(),
	}
	if config.Env.Access, err = c.access.server(c.control); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return usageError(err)
	}
	if config.Own, err = c.own(path); err != nil {
		return err
	}
	shown, err := serveMetrics(c.metrics, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer shown.close(&err)
	config.Metrics = shown.metrics
	remove, err := c.folder(&config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	if config.Control, err = c.openControl(cmd.Context()); err != nil {
		return usageError(fmt.Errorf("--control: %w", err))
	}
	// Who has started the process learns from this where things are.
	where := map[string]string{"control": config.Control.Addr().String()}
	if shown.address != "" {
		where["metrics"] = shown.address
	}
	if err := json.NewEncoder(cmd.OutOrStdout()).Encode(where); err != nil {
		return errors.Join(err, config.Control.Close())
	}
	if c.parent {
		go exitAtEnd(cmd.InOrStdin())
	}
	return topology.RunAgent(cmd.Context(), config)
}

// check refuses flags that could not be carried out when a driver asks.
func (c *serveCommand) check() error {
	if _, _, err := net.SplitHostPort(c.listen); err != nil {
		return fmt.Errorf("--listen: %q is not host:port", c.listen)
	}
	if c.grace < 0 {
		return fmt.Errorf("--grace: %v is negative", c.grace)
	}
	if err := topology.CheckPrefix(c.prefix); err != nil {
		return fmt.Errorf("--prefix: %w", err)
	}
	if c.parent {
		return nil // a driver asks again
	}
	free, err := net.Listen("tcp", c.listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	return free.Close()
}

// openControl opens the control's port. While a child was away, another program may
// have been given its port for an outgoing connection: it tries for a while.
func (c *serveCommand) openControl(ctx context.Context) (listener net.Listener, err error) {
	for range 200 {
		if listener, err = net.Listen("tcp", c.control); err == nil || !c.parent {
			break
		}
		if clock.Sleep(ctx, 10*time.Millisecond) != nil {
			break
		}
	}
	return listener, err
}

// own is what the node is without a driver: nothing where no scenario is named.
func (c *serveCommand) own(path string) (*topology.Task, error) {
	e, err := c.settings.experiment(path)
	if err != nil {
		return nil, err
	}
	if len(e.Scenario) != 1 {
		return nil, nil // all by default, of which a node can be one
	}
	if c.service == "" {
		return nil, usageError(errors.New("--service: name the service to be"))
	}
	t, err := topology.NewTask(e, e.Scenario[0], c.service)
	if err != nil {
		return nil, usageError(fmt.Errorf("--service: %w", err))
	}
	t.Prefix, t.Run, t.Kafka = c.prefix, c.prefix, e.Kafka
	if scenarios.NeedsBus(t.Scenario, e) && len(e.Kafka) == 0 {
		return nil, usageError(fmt.Errorf("--kafka: %s needs a bus: name a cluster, host:port", t.Scenario.Name))
	}
	nodes, err := readNodes(c.nodes)
	if err != nil {
		return nil, err
	}
	t.Addresses = nodes.Addresses()
	for _, service := range t.Needs() {
		if t.Addresses[service] == "" {
			return nil, usageError(fmt.Errorf("--nodes: %s needs %s, and nothing tells where that is", c.service, service))
		}
	}
	return &t, nil
}

func readNodes(path string) (topology.Nodes, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, usageError(fmt.Errorf("--nodes: %w", err))
	}
	nodes, err := topology.ReadNodes(path, text)
	if err != nil {
		return nil, usageError(fmt.Errorf("--nodes: %w", err))
	}
	return nodes, nil
}

// folder makes the one for the databases; remove removes it where nobody named it.
func (c *serveCommand) folder(config *topology.AgentConfig) (remove func() error, err error) {
	if c.data != "" {
		config.Dir, err = filepath.Abs(c.data)
		if err == nil {
			err = os.MkdirAll(config.Dir, 0o700)
		}
		if err != nil {
			return nil, usageError(fmt.Errorf("--data: %w", err))
		}
		return func() error { return nil }, nil
	}
	dir, err := sys.NewScratch()
	if err != nil {
		return nil, err
	}
	config.Dir = dir.Path()
	return dir.Remove, nil
}

// exitAtEnd exits when there is no more to read: the system closes the pipe when the
// process at its other end dies, however it dies, and then there is nobody left for
// whom to leave in good order.
func exitAtEnd(r io.Reader) {
	_, _ = io.Copy(io.Discard, r)
	exitAtOnce(exitFailed)
}

package main

import (
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/spf13/pflag"

	"crosstalk/internal/telemetry"
)

// shown is what a command shows of itself while it runs; nothing where that is not
// asked.
type shown struct {
	metrics *telemetry.Metrics
	server  *telemetry.Server
	address string
}

// addMetrics adds the flag that asks for it.
func addMetrics(flags *pflag.FlagSet, address *string) {
	flags.StringVar(address, "metrics", "", "serve Prometheus metrics at host:port while it runs, such as 127.0.0.1:9464")
}

// serveMetrics serves metrics at an address, and says where; at none, it does not.
func serveMetrics(address string, stderr io.Writer) (shown, error) {
	if address == "" {
		return shown{}, nil
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		return shown{}, usageError(fmt.Errorf("--metrics: %q is not host:port", address))
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return shown{}, usageError(fmt.Errorf("--metrics: %w", err))
	}
	s := shown{metrics: telemetry.New(), address: listener.Addr().String()}
	s.server = s.metrics.Serve(listener)
	_, err = fmt.Fprintf(stderr, "metrics: http://%s%s\n", listener.Addr(), telemetry.Path)
	return s, err
}

// close ends that, and adds its error to that of the command.
func (s shown) close(err *error) {
	if s.server != nil {
		*err = errors.Join(*err, s.server.Close())
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"crosstalk/internal/bus"
)

// newBroker is what "bench run --placement=process" starts as its broker.
func newBroker() *cobra.Command {
	var listen, data string
	var parent bool
	cmd := &cobra.Command{
		Use:    "broker",
		Short:  "Be the embedded broker, as a process of its own",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, text, err := net.SplitHostPort(listen)
			if err != nil {
				return usageError(fmt.Errorf("--listen: %q is not host:port", listen))
			}
			port, err := strconv.Atoi(text)
			if err != nil {
				return usageError(fmt.Errorf("--listen: %q is not host:port", listen))
			}
			if err := os.MkdirAll(data, 0o700); err != nil {
				return usageError(fmt.Errorf("--data: %w", err))
			}
			broker, err := bus.StartBrokerAt(port, data)
			if err != nil {
				return err
			}
			defer broker.Close()
			if parent {
				go exitAtEnd(cmd.InOrStdin())
			}
			if err := json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]string{"broker": broker.Addresses()[0]}); err != nil {
				return err
			}
			select {
			case err := <-broker.Failed():
				return err
			case <-cmd.Context().Done():
				return nil
			}
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "where it answers; on loopback, whatever the host")
	cmd.Flags().StringVar(&data, "data", "", "folder for its records")
	cmd.Flags().BoolVar(&parent, "until-stdin-ends", false, "exit when stdin ends")
	must(cmd.MarkFlagRequired("data"))
	return cmd
}

package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

func newHealth() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "health HOST:PORT",
		Short: "Ask a node for its health, for the health check of a container",
		Long: `Health asks the standard gRPC health service of a node.

Exit codes: 0 SERVING, 1 anything else, 2 bad usage.`,
		Example: `  bench health 127.0.0.1:7000`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, _, err := net.SplitHostPort(args[0]); err != nil {
				return usageError(fmt.Errorf("%q is not host:port", args[0]))
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			conn, err := grpc.NewClient("passthrough:///"+args[0], grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				return err
			}
			defer conn.Close()
			answer, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
			if err != nil {
				return fmt.Errorf("no health from %s: %s", args[0], status.Convert(err).Message())
			}
			if answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
				return fmt.Errorf("%s is %s", args[0], answer.GetStatus())
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), answer.GetStatus())
			return err
		},
	}
	cmd.Flags().DurationVar(&timeout, "timeout", 2*time.Second, "for how long to wait for the answer")
	return cmd
}

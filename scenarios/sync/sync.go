// Package synchronous links services by direct gRPC calls.
//
// Its law: a need is met by a call, made while the caller's own caller waits. D
// keeps nothing and so is as slow, and as dead, as what it calls.
package synchronous

import (
	"context"

	"crosstalk/fakesvc"
)

// Link joins a consumer to a supplier by a gRPC connection.
type Link struct{}

var _ fakesvc.Link = Link{}

// Supply has nothing to do: each host serves gRPC.
func (Link) Supply(context.Context, *fakesvc.Node) error { return nil }

// Connect returns a client of the supplier, connected before the host is ready.
func (Link) Connect(_ context.Context, consumer *fakesvc.Node, supplier string) (fakesvc.Source, error) {
	host := consumer.Host()
	client, err := fakesvc.Dial(host.Env(), supplier, host.Env().Address(supplier))
	if err != nil {
		return nil, err
	}
	host.OnClose(client.Close)
	host.Gate(client.Connected)
	return client, nil
}

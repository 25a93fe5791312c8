// Package monolith links services by function calls: the control.
//
// Its law: what remains here is the work itself. One process, one database, no
// network between the services; what the other scenarios cost more is the price
// of distribution.
package monolith

import (
	"context"
	"fmt"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/internal/record"
)

// Link joins a consumer to a supplier on the same host.
type Link struct{}

var _ fakesvc.Link = Link{}

// Supply has nothing to do: the consumer calls the node itself.
func (Link) Supply(context.Context, *fakesvc.Node) error { return nil }

// Connect returns a Source that calls the supplier.
func (Link) Connect(_ context.Context, consumer *fakesvc.Node, supplier string) (fakesvc.Source, error) {
	node := consumer.Host().Node(supplier)
	if node == nil {
		return nil, fmt.Errorf("%s calls %s by a function, but they are not in one process", consumer.Name, supplier)
	}
	return source{node}, nil
}

type source struct{ supplier *fakesvc.Node }

var _ fakesvc.Source = source{}

func (s source) Fetch(ctx context.Context, key record.Key) (record.Record, error) {
	begin := time.Now()
	answer, err := s.supplier.Query(ctx, key)
	if err != nil {
		return record.Record{}, err
	}
	fakesvc.Spend(ctx, fakesvc.Spent{Work: time.Since(begin)})
	return fakesvc.OnlyRecord(s.supplier.Name, answer)
}

package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"crosstalk/internal/bus"
	"crosstalk/internal/record"
	"crosstalk/internal/store"
)

// travel times the ways of a request.
func (r *Report) travel(ctx context.Context, d time.Duration, dir string) error {
	each := d / time.Duration(2+len(store.Local()))
	if err := r.call(ctx, each); err != nil {
		return err
	}
	if err := r.overTheBus(ctx, each); err != nil {
		return err
	}
	for _, kind := range store.Local() {
		if err := r.lookUp(ctx, each, kind, filepath.Join(dir, string(kind))); err != nil {
			return err
		}
	}
	return nil
}

func (r *Report) call(ctx context.Context, d time.Duration) error {
	return withService(ctx, func(call query) error {
		return r.trip(ctx, "empty gRPC call", d, func(ctx context.Context, n int) error {
			_, err := call(ctx, int64(n), 0)
			return err
		})
	})
}

// overTheBus times a query event and the result event that answers it, on an
// embedded broker.
func (r *Report) overTheBus(ctx context.Context, d time.Duration) (err error) {
	broker, err := bus.StartBroker(net.Listen)
	if err != nil {
		return err
	}
	defer broker.Close()
	client, err := bus.Open(ctx, bus.Config{Addresses: broker.Addresses()})
	if err != nil {
		return err
	}
	var answering sync.WaitGroup
	defer answering.Wait()
	defer client.Close() // which ends those that answer
	const megabyte = 1 << 20
	err = client.EnsureTopics(ctx, bus.Topic{Name: "queries", Retain: megabyte}, bus.Topic{Name: "results", Retain: megabyte})
	if err != nil {
		return err
	}
	queries, results := client.Subscribe("queries", nil), client.Subscribe("results", nil)
	publisher, answers := client.NewPublisher(), client.NewPublisher()
	answering.Go(func() { answer(queries, answers) })
	return r.trip(ctx, "request over the embedded broker", d, func(ctx context.Context, n int) error {
		query := bus.Event{ID: strconv.Itoa(n), Type: "Query", Source: "/doctor", Request: int64(n)}
		if err := publisher.Publish(ctx, bus.Outgoing{Topic: "queries", Event: query}); err != nil {
			return err
		}
		_, err := results.Next(ctx)
		return err
	})
}

// answer answers queries until the client is closed.
func answer(queries *bus.Subscription, to *bus.Publisher) {
	for {
		got, err := queries.Next(context.Background())
		if err != nil {
			return
		}
		for _, q := range got {
			if to.Publish(context.Background(), bus.Outgoing{Topic: "results", Event: q.Event}) != nil {
				return
			}
		}
	}
}

// lookUp times the look-up of a record among a thousand.
func (r *Report) lookUp(ctx context.Context, d time.Duration, kind store.Kind, file string) (err error) {
	const keys, size = 1000, 128
	s, err := store.Open(ctx, store.Spec{Kind: kind}, store.Place{Dir: filepath.Dir(file)}, filepath.Base(file))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	c, err := s.Collection(ctx, "records")
	if err != nil {
		return err
	}
	var records []record.Record
	for key := range record.Key(keys) {
		records = append(records, record.Record{Key: key, Version: 1, WrittenAt: time.Now(), Payload: record.Payload("doctor", key, 1, size)})
	}
	if _, err := c.Put(ctx, records); err != nil {
		return err
	}
	return r.trip(ctx, fmt.Sprintf("look-up in %s", kind), d, func(ctx context.Context, n int) error {
		_, err := c.Get(ctx, record.Key(n*7919%keys))
		return err
	})
}

package fakesvc

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/internal/fault"
	"crosstalk/internal/policy"
	"crosstalk/internal/record"
	"crosstalk/internal/setting"
	"crosstalk/internal/store"
	"crosstalk/internal/telemetry"
	"crosstalk/internal/tracing"
)

// NodeConfig is what a service is.
type NodeConfig struct {
	Name string
	// Owns tells whether the service has records of its own. One that owns none
	// answers with those of its needs.
	Owns bool
	// Outbox has each change kept with the record, in one transaction, until it is
	// published; without it, a change that is on its way dies with its process.
	Outbox bool
	// Sequential fetches the needs one after the other, not at the same time.
	Sequential bool
	Boundary   *fault.Boundary
	Capacity   setting.Capacity
}

// Node is one service, running on a host.
type Node struct {
	NodeConfig
	host    *Host
	workers *workers
	ledger  ledger
	served  served
	serves  *telemetry.Calls
	records store.Collection
	needs   []need
	changed []func(write int64, r record.Record)
	pending []func() (changes []record.Record, more bool)
}

type need struct {
	service  string
	consumer string
	tracer   *tracing.Tracer
	source   Source
	caller   *policy.Caller // nil where there is no policy
	calls    *telemetry.Calls
}

// fetch asks for the need's record, as the policy says, and tells where the time
// went.
func (n need) fetch(ctx context.Context, key record.Key) (record.Record, Spent, error) {
	var p purse
	begun := n.calls.Begin()
	r, err := n.askFor(context.WithValue(ctx, spentKey{}, &p), key)
	n.calls.End(begun, err)
	p.mu.Lock()
	defer p.mu.Unlock()
	return r, p.spent, err
}

func (n need) askFor(ctx context.Context, key record.Key) (record.Record, error) {
	request := RequestOf(ctx)
	if n.caller == nil {
		return n.try(ctx, request, key)
	}
	return n.caller.Fetch(ctx, key, request.ID >= 0, func(ctx context.Context, try int) (record.Record, error) {
		again := request
		again.Try = fault.Again(request.Try, try)
		return n.try(ctx, again, key)
	})
}

// try asks once, in a span of its own.
func (n need) try(ctx context.Context, request Request, key record.Key) (r record.Record, err error) {
	var end func(error)
	request.Traceparent, end = n.tracer.Start(request.Traceparent, tracing.Client, n.consumer, n.consumer+" needs "+n.service)
	defer func() { end(err) }()
	return n.source.Fetch(WithRequest(ctx, request), key)
}

// Host returns the process that the node runs in.
func (n *Node) Host() *Host { return n.host }

// Records returns the node's own collection; nil where it owns none.
func (n *Node) Records() store.Collection { return n.records }

// Need adds an upstream, the name of the link to it, and what is done about it. All
// needs are added before the host starts.
func (n *Node) Need(service, link string, source Source, p policy.Policy) {
	added := need{service: service, consumer: n.Name, tracer: n.host.env.Tracer, source: source}
	added.calls = n.host.env.Metrics.Needs(n.Name, service, link)
	if _, ok := source.(Replica); ok {
		n.host.meters.lags[copyKey{n.Name, service}] = n.host.env.Metrics.ReplicaLag(n.Name, service)
	}
	if !p.IsZero() {
		added.caller = policy.NewCaller(p)
		n.host.OnClose(added.caller.Close)
	}
	n.needs = append(n.needs, added)
}

// OnChange has fn called with each record after a write has stored it, and with
// the write's number; concurrent writes call it in any order. All are added before
// the first write; fn must not block.
func (n *Node) OnChange(fn func(write int64, r record.Record)) {
	n.changed = append(n.changed, fn)
}

// OnPending has fn tell which changes, by key and version, are not published yet, and
// whether there are more that it does not list. All are added before the host starts.
func (n *Node) OnPending(fn func() (changes []record.Record, more bool)) {
	n.pending = append(n.pending, fn)
}

// Use has the service do something: as soon as it is not frozen and has a worker
// free, and with what happens at its boundary before it. What nobody waits for any
// more is not begun. Its errors, and those of do, are gRPC statuses.
func (n *Node) Use(ctx context.Context, i fault.Interaction, do func(ctx context.Context) error) error {
	if err := n.thaw(ctx); err != nil {
		return err
	}
	release, err := n.workers.take(ctx, i.ID >= 0)
	if err != nil {
		return err
	}
	defer release()
	i.At = n.host.elapsed()
	if err := n.Boundary.PassBy(ctx, i, n.host.env.sleep()); err != nil {
		return err
	}
	if err := do(ctx); err != nil {
		return err
	}
	return n.thaw(ctx)
}

// thaw returns once the host is not frozen, while someone still waits for it.
func (n *Node) thaw(ctx context.Context) error {
	if err := n.host.frozen.wait(ctx); err != nil {
		return n.expired("is frozen", err)
	}
	if err := over(ctx); err != nil {
		return n.expired("is too late", err)
	}
	return nil
}

// over is ctx's error. A deadline counts from its moment on: when all cores are busy,
// it takes a while until the context has noticed.
func over(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

func (n *Node) expired(what string, err error) error {
	s := status.FromContextError(err)
	return status.Errorf(s.Code(), "%s %s: %s", n.Name, what, s.Message())
}

// Query is one use of the service: it gathers what the service needs and answers.
// Errors are gRPC statuses.
func (n *Node) Query(ctx context.Context, key record.Key) (answer []Owned, err error) {
	request := RequestOf(ctx)
	var end func(error)
	request.Traceparent, end = n.host.env.Tracer.Start(request.Traceparent, tracing.Server, n.Name, n.Name+" query")
	begun := n.serves.Begin()
	defer func() {
		n.serves.End(begun, err)
		end(err)
	}()
	ctx = WithRequest(ctx, request)
	use := fault.Interaction{Use: fault.Call, ID: request.ID, Try: request.Try}
	begin := time.Now()
	var spent Spent
	err = n.Use(ctx, use, func(ctx context.Context) error {
		answer, spent, err = n.answer(ctx, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	if request.ID >= 0 {
		n.ledger.enter(time.Since(begin), spent)
		n.served.add(n.host.elapsed())
	}
	return answer, nil
}

func (n *Node) answer(ctx context.Context, key record.Key) ([]Owned, Spent, error) {
	gathered, spent, err := n.gather(ctx, key)
	if err != nil || !n.Owns {
		return gathered, spent, err
	}
	r, err := Lookup(ctx, n.records, n.Name, key)
	if err != nil {
		return nil, spent, err
	}
	return []Owned{{n.Name, r}}, spent, nil
}

// gather fetches what the service needs, and tells where the time went: that of
// the slowest need, or of all of them where they follow each other.
func (n *Node) gather(ctx context.Context, key record.Key) ([]Owned, Spent, error) {
	answer := make([]Owned, len(n.needs))
	spent := make([]Spent, len(n.needs))
	fetch := func(ctx context.Context, i int) (err error) {
		var r record.Record
		if r, spent[i], err = n.needs[i].fetch(ctx, key); err != nil {
			s := status.Convert(err)
			return status.Errorf(s.Code(), "%s needs %s: %s", n.Name, n.needs[i].service, s.Message())
		}
		answer[i] = Owned{n.needs[i].service, r}
		return nil
	}
	if n.Sequential || len(n.needs) < 2 {
		for i := range n.needs {
			if err := fetch(ctx, i); err != nil {
				return nil, Spent{}, err
			}
		}
		return answer, sumOf(spent), nil
	}
	// The first failure decides the answer, so the other calls are given up. The last
	// need is fetched here, where the stack has grown already.
	group, ctx := errgroup.WithContext(ctx)
	last := len(n.needs) - 1
	for i := range last {
		group.Go(func() error { return fetch(ctx, i) })
	}
	err := fetch(ctx, last)
	if err != nil {
		group.Go(func() error { return err }) // to give up the others
	}
	if first := group.Wait(); first != nil { // before spent is read
		err = first
	}
	return answer, slowestOf(spent), err
}

// Lookup reads a service's record from a collection, its own or a copy. Its
// error is a gRPC status.
func Lookup(ctx context.Context, c store.Collection, service string, key record.Key) (record.Record, error) {
	r, err := c.Get(ctx, key)
	switch {
	case err == nil:
		return r, nil
	case errors.Is(err, store.ErrNotFound):
		return r, status.Errorf(codes.NotFound, "%s has no record %d", service, key)
	case IsStatus(err): // by a fault of the database
		return r, err
	default:
		return r, storeError(fmt.Sprintf("read %s record %d", service, key), err)
	}
}

// IsStatus reports whether an error is a gRPC status: one that was made on
// purpose, and not by something of ours that broke.
func IsStatus(err error) bool {
	_, ok := status.FromError(err)
	return ok
}

// Write stores a version of a record, and returns when the database has it. A
// version that is not newer than the stored one changes nothing.
func (n *Node) Write(ctx context.Context, write int64, r record.Record) error {
	if !n.Owns {
		return status.Errorf(codes.FailedPrecondition, "%s owns no records", n.Name)
	}
	if err := n.thaw(ctx); err != nil {
		return err
	}
	r.WrittenAt = time.Now()
	err := n.put(WithRequest(ctx, Request{ID: write}), write, []record.Record{r})
	if err == nil || IsStatus(err) {
		return err
	}
	return storeError(fmt.Sprintf("write %s record %d", n.Name, r.Key), err)
}

// put stores records, with their entries in the outbox where someone empties it,
// and tells what it has stored.
func (n *Node) put(ctx context.Context, write int64, records []record.Record) (err error) {
	var stored []record.Record
	if n.Outbox && len(n.changed) > 0 {
		stored, err = n.records.Write(ctx, write, records)
	} else {
		stored, err = n.records.Put(ctx, records)
	}
	for _, r := range stored {
		for _, fn := range n.changed {
			fn(write, r)
		}
	}
	return err
}

// Seed fills the node's collection with version 1 of the keys 0 to keys−1, size
// bytes each, as the state before the experiment. It is called when all links are
// made, and changes nothing where the database has been filled before.
func (n *Node) Seed(ctx context.Context, keys, size int) error {
	batch := min(1000, max(1, 8_000_000/max(size, 1))) // of some megabytes at most
	ctx = WithRequest(ctx, Request{ID: fault.Beforehand})
	for from := 0; from < keys; from += batch {
		records := make([]record.Record, 0, batch)
		for key := from; key < min(from+batch, keys); key++ {
			k := record.Key(key)
			records = append(records, record.Record{
				Key: k, Version: 1, WrittenAt: time.Now(), Payload: record.Payload(n.Name, k, 1, size),
			})
		}
		if err := n.put(ctx, fault.Beforehand, records); err != nil {
			return fmt.Errorf("fill the database of %s: %w", n.Name, err)
		}
	}
	return nil
}

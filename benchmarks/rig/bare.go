package rig

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/experiment"
	"crosstalk/internal/setting"
)

// Bare calls over one connection and does nothing else: no clock is read, nothing
// is recorded, no call has a deadline.
type Bare struct {
	conn *grpc.ClientConn
	stub fakesvcpb.ServiceClient
}

// DialBare returns a bare client of the server at an address.
func DialBare(address string) (*Bare, error) {
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	return &Bare{conn, fakesvcpb.NewServiceClient(conn)}, nil
}

// Close ends the connection.
func (b *Bare) Close() error { return b.conn.Close() }

// Conn is its connection.
func (b *Bare) Conn() *grpc.ClientConn { return b.conn }

// Query asks for a key.
func (b *Bare) Query(ctx context.Context, key uint64) error {
	response, err := b.stub.Query(ctx, &fakesvcpb.QueryRequest{Service: "D", Key: key})
	if err == nil && len(response.GetRecords()) != len(Services) {
		err = fmt.Errorf("%d records", len(response.GetRecords()))
	}
	return err
}

// Loop has workers call one after the other for a time, and returns the number of
// calls.
func Loop(workers int, d time.Duration, call func(n int64) error) (int64, error) {
	var n atomic.Int64
	var failed atomic.Pointer[error]
	end := time.Now().Add(d)
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for i := int64(1); ; i++ {
				if err := call(n.Add(1)); err != nil {
					failed.Store(&err)
					return
				}
				if i%16 == 0 && time.Now().After(end) { // seldom: the clock costs too
					return
				}
			}
		})
	}
	running.Wait()
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return n.Load(), nil
}

// Load is an experiment for the echo server: no writes, no faults, no warm-up. A
// rate of 0 is a closed loop of the given concurrency.
func Load(rate float64, concurrency int, d time.Duration) *experiment.Experiment {
	e := experiment.Default()
	e.Rate, e.Concurrency = setting.Rate(rate), setting.Count(concurrency)
	e.Duration, e.WarmUp = setting.Duration(d), 0
	e.WriteRate = experiment.WriteRate{}
	e.Keys, e.Payload = Keys, Payload
	return &e
}

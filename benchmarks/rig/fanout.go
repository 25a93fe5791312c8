package rig

import (
	"context"
	"net"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/record"
)

// FanOut is D → A, B, C by hand: the least that gRPC lets one write. The owners look
// their record up in a map behind a lock, D asks all three at once and passes on
// what they say. No faults, no clocks, no statistics.
type FanOut struct {
	Address string
	servers []*grpc.Server
	conns   []*grpc.ClientConn
}

// StartFanOut starts the four servers in this process.
func StartFanOut() (*FanOut, error) {
	f := &FanOut{}
	d := &minimalD{}
	for _, name := range Services {
		address, err := f.serve(newOwner(name))
		if err != nil {
			return nil, err
		}
		conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return nil, err
		}
		f.conns = append(f.conns, conn)
		d.owners = append(d.owners, fakesvcpb.NewServiceClient(conn))
	}
	var err error
	f.Address, err = f.serve(d)
	return f, err
}

func (f *FanOut) serve(s fakesvcpb.ServiceServer) (address string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := grpc.NewServer()
	fakesvcpb.RegisterServiceServer(server, s)
	f.servers = append(f.servers, server)
	go func() { _ = server.Serve(listener) }() // until Close
	return listener.Addr().String(), nil
}

// Close ends the servers.
func (f *FanOut) Close() {
	for _, c := range f.conns {
		c.Close()
	}
	for _, s := range f.servers {
		s.Stop()
	}
}

type owner struct {
	fakesvcpb.UnimplementedServiceServer
	mu      sync.RWMutex
	records map[uint64]*fakesvcpb.Record
}

func newOwner(name string) *owner {
	o := &owner{records: make(map[uint64]*fakesvcpb.Record)}
	for key := range uint64(Keys) {
		o.records[key] = Records(record.Key(key), name)[0]
	}
	return o
}

func (o *owner) Query(_ context.Context, q *fakesvcpb.QueryRequest) (*fakesvcpb.QueryResponse, error) {
	o.mu.RLock()
	r := o.records[q.GetKey()]
	o.mu.RUnlock()
	return &fakesvcpb.QueryResponse{Records: []*fakesvcpb.Record{r}}, nil
}

type minimalD struct {
	fakesvcpb.UnimplementedServiceServer
	owners []fakesvcpb.ServiceClient
}

func (d *minimalD) Query(ctx context.Context, q *fakesvcpb.QueryRequest) (*fakesvcpb.QueryResponse, error) {
	answer := &fakesvcpb.QueryResponse{Records: make([]*fakesvcpb.Record, len(d.owners))}
	errs := make([]error, len(d.owners))
	var asking sync.WaitGroup
	for i, o := range d.owners {
		asking.Go(func() {
			response, err := o.Query(ctx, &fakesvcpb.QueryRequest{Service: Services[i], Key: q.GetKey()})
			if errs[i] = err; err == nil {
				answer.Records[i] = response.GetRecords()[0]
			}
		})
	}
	asking.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return answer, nil
}

package runner

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"time"

	"crosstalk/fakesvc/fakesvcpb"
)

// row is one of a table, as a node tells it.
type row struct{ key, version, hash uint64 }

// rowLimit is for how long a node may send no row of those that it is asked for.
const rowLimit = drainLimit

// tableLimit is for how long all of them may take.
const tableLimit = 10 * rowLimit

var errNoRow = fmt.Errorf("no row came for %v", rowLimit)

// table reads what a service keeps of an owner's records, in the order of their keys.
func (c *control) table(ctx context.Context, service, owner string) (rows []row, err error) {
	err = c.rows(ctx, &fakesvcpb.RowsRequest{Service: service, Owner: owner}, func(m *fakesvcpb.RowsResponse) {
		for _, r := range m.GetRows() {
			rows = append(rows, row{r.GetKey(), r.GetVersion(), r.GetPayloadHash()})
		}
	})
	return rows, err
}

// rows has each of the messages read that a node answers with. It gives up where none
// comes for rowLimit, and where the process gives no sign of life.
func (c *control) rows(ctx context.Context, r *fakesvcpb.RowsRequest, read func(*fakesvcpb.RowsResponse)) (err error) {
	ctx, over := c.beat.within(ctx, tableLimit)
	defer over()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	idle := time.AfterFunc(rowLimit, func() { cancel(errNoRow) })
	defer idle.Stop()
	defer func() {
		if err != nil {
			if cause := context.Cause(ctx); cause != nil { // it tells why it was given up
				err = cause
			}
			err = fmt.Errorf("read the records of %s in %s: %w", r.GetOwner(), c.name(), err)
		}
	}()
	stream, err := c.client.Rows(ctx, r)
	for err == nil {
		var more *fakesvcpb.RowsResponse
		if more, err = stream.Recv(); err == nil {
			idle.Reset(rowLimit)
			read(more)
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// hashOf is what a node says of a payload instead of sending it.
func hashOf(payload []byte) uint64 {
	h := fnv.New64a()
	h.Write(payload)
	return h.Sum64()
}

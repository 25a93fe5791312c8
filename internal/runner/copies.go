package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/load"
	"crosstalk/internal/placement"
	"crosstalk/scenarios"
)

// namedRows is how many rows that differ an error names.
const namedRows = 5

// compareCopies holds every copy against its owner's table, row by row. What an
// owner has stored and not acknowledged may still be on its way, and a process that
// was killed at the end may not be back, so it looks until they are equal, and for at
// most drainLimit. A row whose change is lost is not held against the copy. Its error
// is ctx's, or that of a node.
func (r *run) compareCopies(ctx context.Context) error {
	if r.lag.Unseen() > 0 {
		return nil // it is not quiet, and the run says so
	}
	limit := time.Now().Add(drainLimit)
	for _, c := range scenarios.Copies(r.scenario, r.experiment) {
		rows, err := r.untilEqual(ctx, c, limit)
		var differ *difference
		switch {
		case errors.As(err, &differ):
			r.differs = errors.Join(r.differs, err)
		case err != nil:
			return err
		}
		r.compared += rows
	}
	return nil
}

// untilEqual compares the copies of one kind again until they are equal or limit is
// over, and returns how many rows are.
func (r *run) untilEqual(ctx context.Context, c scenarios.Copy, limit time.Time) (int64, error) {
	for {
		rows, err := r.compareCopy(ctx, c)
		var differ *difference
		mayPass := errors.As(err, &differ) || r.topology.Kind == placement.Children && isAway(err)
		if err == nil || !mayPass || time.Now().After(limit) {
			return rows, err
		}
		if err := load.Timer(ctx, time.Now().Add(20*time.Millisecond)); err != nil {
			return 0, err
		}
	}
}

// isAway tells whether an error is that of a process which is not there, or not yet
// what it was. The run starts it again, and ends where it cannot.
func isAway(err error) bool {
	var s interface{ GRPCStatus() *status.Status }
	if !errors.As(err, &s) {
		return false
	}
	code := s.GRPCStatus().Code()
	return code == codes.Unavailable || code == codes.FailedPrecondition
}

// difference is the error of a copy that is not what its owner has.
type difference struct {
	scenarios.Copy
	rows  []string
	count int64
}

func (d *difference) Error() string {
	text := fmt.Sprintf("the copy of %s in %s differs from the original in %d rows: ", d.Owner, d.Consumer, d.count)
	for i, row := range d.rows {
		if i > 0 {
			text += ", "
		}
		text += row
	}
	return text
}

// compareCopy compares every copy of one kind, and returns how many rows it has seen.
func (r *run) compareCopy(ctx context.Context, c scenarios.Copy) (int64, error) {
	owners := r.nodes.of(c.Owner)
	if len(owners) == 0 {
		return 0, nil // the owner is one's own
	}
	rows := int64(0)
	for _, consumer := range r.nodes.of(c.Consumer) {
		original, err := owners[0].rows(ctx, c.Owner, c.Owner)
		if err != nil {
			return 0, err
		}
		copied, err := consumer.rows(ctx, c.Consumer, c.Owner)
		if err != nil {
			return 0, err
		}
		n, err := r.hold(c, original, copied)
		if err != nil {
			return 0, err
		}
		rows += n
	}
	return rows, nil
}

// hold compares two streams of rows, which are in the order of their keys.
func (r *run) hold(c scenarios.Copy, original, copied *rowStream) (int64, error) {
	d := &difference{Copy: c}
	differs := func(row *fakesvcpb.Row, format string, args ...any) {
		if r.lost.has(c, row.GetKey()) {
			return
		}
		if d.count++; len(d.rows) < namedRows {
			d.rows = append(d.rows, fmt.Sprintf(format, args...))
		}
	}
	rows := int64(0)
	for {
		a, b, err := pair(original, copied)
		switch {
		case err != nil:
			return 0, err
		case a == nil && b == nil:
			if d.count > 0 {
				return 0, d
			}
			return rows, nil
		case b == nil || a != nil && a.GetKey() < b.GetKey():
			differs(a, "key %d is missing", a.GetKey())
			original.next()
		case a == nil || b.GetKey() < a.GetKey():
			differs(b, "key %d is not its owner's", b.GetKey())
			copied.next()
		default:
			switch {
			case a.GetVersion() != b.GetVersion():
				differs(a, "key %d is version %d and not %d", a.GetKey(), b.GetVersion(), a.GetVersion())
			case a.GetPayloadHash() != b.GetPayloadHash():
				differs(a, "key %d has other content", a.GetKey())
			}
			rows++
			original.next()
			copied.next()
		}
	}
}

func pair(a, b *rowStream) (*fakesvcpb.Row, *fakesvcpb.Row, error) {
	x, err := a.row()
	if err != nil {
		return nil, nil, err
	}
	y, err := b.row()
	return x, y, err
}

// rowStream is the rows that a node keeps, one by one.
type rowStream struct {
	receive func() (*fakesvcpb.RowsResponse, error)
	rows    []*fakesvcpb.Row
}

func (c *control) rows(ctx context.Context, service, owner string) (*rowStream, error) {
	stream, err := c.client.Rows(ctx, &fakesvcpb.RowsRequest{Service: service, Owner: owner})
	if err != nil {
		return nil, fmt.Errorf("read the rows of %s in %s: %w", owner, service, err)
	}
	return &rowStream{receive: stream.Recv}, nil
}

// row returns the row that is next; nil where there is none any more.
func (s *rowStream) row() (*fakesvcpb.Row, error) {
	for len(s.rows) == 0 {
		more, err := s.receive()
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read rows: %w", err)
		}
		s.rows = more.GetRows()
	}
	return s.rows[0], nil
}

func (s *rowStream) next() { s.rows = s.rows[1:] }

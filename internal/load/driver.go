// Package load offers the load and judges what comes back.
//
// Its law: latency counts from the due time, whatever kept the driver from
// sending then. The schedule decides, the driver only waits, sends and notes;
// it holds nothing back, drops nothing in silence and knows no statistics.
package load

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/internal/record"
	"crosstalk/internal/result"
	"crosstalk/internal/schedule"
)

// Grace is how long what is in flight at an interrupt may take to complete. Then it is
// cancelled, and counted as interrupted.
const Grace = time.Second

// Target is what the load is offered to. Errors are gRPC statuses.
type Target struct {
	Query func(ctx context.Context, id int64, key record.Key) (Reply, error)
	Write func(ctx context.Context, service string, id int64, r record.Record) error
}

// Reply is what came of a query.
type Reply struct {
	Answers []Answer
	// Arrived is when the answer, or the error, was there to be read. Zero is when Query
	// returned.
	Arrived time.Time
}

// Config is how a plan is carried out.
type Config struct {
	schedule.Plan
	// Timeout is how long a request or a write may take, from its sending on; 0 is
	// without end. OwnTimeout says that the target ends them itself, which costs less
	// than a context around them.
	Timeout    time.Duration
	OwnTimeout bool
	// MaxInFlight bounds the requests under way at once, and the writes.
	MaxInFlight int
	// Concurrency is the number of workers of a closed loop, where Rate is 0.
	Concurrency int
	// DrainLimit bounds the wait for the requests that are left at the end.
	DrainLimit time.Duration
	Pacer      Pacer
}

// Driver offers the load of one run.
type Driver struct {
	config   Config
	target   Target
	oracle   *Oracle
	lag      *Lag
	recorder *result.Recorder

	// sent is the context of all that is sent; cancel ends it.
	sent    context.Context
	cancel  context.CancelFunc
	begin   time.Time // of the measured part
	ended   time.Duration
	drained time.Duration
	count   Counts
	wrong   atomic.Pointer[error]

	failedWrites writeFailures
}

// Counts is what the driver has done so far; each may be read at any time.
type Counts struct {
	Sent, Succeeded, Failed, Stale atomic.Int64
	// All else is of the measured part. Waited counts the requests that found
	// MaxInFlight others under way, Unsent those of them that were given up, and
	// Unoffered those whose turn the driver itself never came to.
	Waited, Unsent, Unoffered                                 atomic.Int64
	WritesDue, WritesAcknowledged, WritesFailed, WritesUnsent atomic.Int64
	// Interrupted and WritesInterrupted count what was sent, was in flight at an
	// interrupt and was not complete at the end of Grace. Interrupted ones are in no
	// other count but Sent.
	Interrupted, WritesInterrupted atomic.Int64
}

// change is a write and the version that it makes.
type change struct {
	schedule.Write
	version uint64
}

// NewDriver returns a driver whose rows and lags go to recorder.
func NewDriver(config Config, target Target, oracle *Oracle, lag *Lag, recorder *result.Recorder) *Driver {
	d := &Driver{config: config, target: target, oracle: oracle, lag: lag, recorder: recorder}
	d.sent, d.cancel = context.WithCancel(context.Background())
	return d
}

// Counts returns the driver's counters.
func (d *Driver) Counts() *Counts { return &d.count }

// Offered returns for how long, once Run has returned, queries were due in the
// measured part: all of it unless ctx ended before.
func (d *Driver) Offered() time.Duration {
	return min(max(d.ended, 0), d.config.Duration)
}

// Drained returns for how long, once Run has returned, it waited after the end
// for what was under way, or waited its turn.
func (d *Driver) Drained() time.Duration { return d.drained }

// Wrong returns the error of the first wrong answer, or nil.
func (d *Driver) Wrong() error {
	if err := d.wrong.Load(); err != nil {
		return *err
	}
	return nil
}

// Run offers the whole load, its measured part from begin on, and returns when
// every request is complete. When ctx ends, it sends nothing more, waits for what is
// in flight, for at most Grace, and returns ctx's error, unless all was complete by then.
func (d *Driver) Run(ctx context.Context, begin time.Time) error {
	d.begin = begin
	defer d.cancel()
	defer d.cancelAfter(ctx)()
	d.recorder.End(d.config.Duration)
	reads, writes := d.pools()
	var offering sync.WaitGroup
	var err error
	offering.Go(func() {
		err = d.offer(ctx, reads, writes)
		d.ended = d.now()
		d.recorder.End(d.Offered())
	})
	if d.config.Rate == 0 {
		offering.Go(func() { d.loop(ctx) })
	}
	offering.Wait()
	return cmp.Or(err, d.drain(ctx, reads, writes))
}

// pools returns what sends the reads and the writes of the schedule, in its order.
// Versions are issued in that order too, so that the schedule alone decides them.
func (d *Driver) pools() (*pool[schedule.Read], *pool[change]) {
	reads, writes := d.config.Reads(), d.config.Writes()
	nextRead := func() schedule.Read {
		r, _ := reads.Next()
		return r
	}
	nextWrite := func() change {
		w, _ := writes.Next()
		return d.issue(w)
	}
	return newPool(d.config.MaxInFlight, nextRead, d.read), newPool(d.config.MaxInFlight, nextWrite, d.write)
}

func (d *Driver) issue(w schedule.Write) change {
	return change{w, d.oracle.Issue(w.Service, w.Key)}
}

// loop is the closed one: each worker sends its next request when the last one
// is complete, so a request is due when it is sent. A write that goes with a read
// follows it.
func (d *Driver) loop(ctx context.Context) {
	if Timer(ctx, d.begin.Add(-d.config.WarmUp)) != nil {
		return
	}
	var warm, measured atomic.Int64
	var workers sync.WaitGroup
	for range d.config.Concurrency {
		workers.Go(func() {
			for ctx.Err() == nil {
				due := d.now()
				if due >= d.config.Duration {
					return
				}
				var id int64
				if due < 0 {
					id = -warm.Add(1)
				} else {
					id = measured.Add(1) - 1
				}
				d.recorder.Due(due)
				read := schedule.Read{ID: id, Due: due, Key: d.config.KeyOf(id)}
				d.read(read)
				if write, ok := d.config.WriteWith(read); ok {
					d.countDue(write)
					d.write(d.issue(write))
				}
			}
		})
	}
	workers.Wait()
}

func (d *Driver) now() time.Duration { return time.Since(d.begin) }

func (d *Driver) read(r schedule.Read) {
	ctx, cancel := d.bounded()
	defer cancel()
	question := d.oracle.Ask(r.Key, r.Due)
	row := result.Row{ID: r.ID, Due: r.Due, Sent: d.now()}
	d.count.Sent.Add(1)
	reply, err := d.target.Query(ctx, r.ID, r.Key)
	counted := d.now()
	if d.interrupted(err) {
		d.interrupt(r)
		return
	}
	row.Code = status.Code(err)
	row.Done = d.done(row, reply.Arrived, counted)
	row.Handling = counted - row.Done
	switch {
	case err == nil:
		row.Judgement, row.Staleness, err = d.oracle.Judge(question, reply.Answers)
	case row.Code == codes.NotFound:
		// Every key is there from before the load, and no fault says this.
		row.Judgement = result.Missing
		err = fmt.Errorf("key %d is missing: %s", r.Key, status.Convert(err).Message())
	default:
		err = nil // a failure, and counted as one
	}
	if err != nil {
		d.wrong.CompareAndSwap(nil, &err)
	}
	d.tally(row)
	d.recorder.Add(row)
}

// done is when a request was done that the driver came to at counted: when its answer
// arrived; where none did and it ran out of time, when its time was over; else counted.
// The kernel's clock, which tells of an arrival, may be set meanwhile: no answer is
// taken to be there before it was asked for, or after it was seen.
func (d *Driver) done(row result.Row, arrived time.Time, counted time.Duration) time.Duration {
	switch {
	case !arrived.IsZero():
		return min(max(arrived.Sub(d.begin), row.Sent), counted)
	case row.Code == codes.DeadlineExceeded && d.config.Timeout > 0:
		return min(row.Sent+d.config.Timeout, counted)
	}
	return counted
}

// interrupt counts a request that nothing will come of any more.
func (d *Driver) interrupt(r schedule.Read) {
	d.recorder.Interrupted(r.Due)
	if r.ID >= 0 {
		d.count.Interrupted.Add(1)
	}
}

func (d *Driver) tally(row result.Row) {
	if row.Code == codes.OK {
		d.count.Succeeded.Add(1)
	} else {
		d.count.Failed.Add(1)
	}
	if row.Judgement == result.Stale {
		d.count.Stale.Add(1)
	}
}

func (d *Driver) write(w change) {
	ctx, cancel := d.bounded()
	defer cancel()
	err := d.target.Write(ctx, w.Service, w.ID, record.Record{
		Key: w.Key, Version: w.version,
		Payload: record.Payload(w.Service, w.Key, w.version, d.config.PayloadBytes),
	})
	at := d.now()
	if err == nil {
		issued := d.oracle.Acknowledged(w.Service, w.Key, w.version, at)
		d.lag.Acknowledged(w.Service, w.Key, w.version, issued, at)
	}
	if w.ID < 0 {
		return
	}
	if err == nil {
		d.count.WritesAcknowledged.Add(1)
	} else if d.interrupted(err) {
		d.count.WritesInterrupted.Add(1)
	} else {
		d.count.WritesFailed.Add(1)
		d.failedWrites.add(w.Service, err)
	}
}

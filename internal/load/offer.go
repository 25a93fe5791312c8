package load

import (
	"context"
	"time"

	"crosstalk/internal/schedule"
)

// catchUp is for how long after the end the driver still offers what was due
// before it. One that was held up for a moment is back on its schedule by then;
// one that cannot keep up must end all the same.
const catchUp = time.Second

// stream is a part of the schedule and its head, which is what is due next.
type stream[T any] struct {
	next func() (T, bool)
	head T
	more bool
}

func streamOf[T any](next func() (T, bool)) *stream[T] {
	s := &stream[T]{next: next}
	s.advance()
	return s
}

func (s *stream[T]) advance() { s.head, s.more = s.next() }

// offer submits reads and writes as they become due, until the measured part ends.
func (d *Driver) offer(ctx context.Context, to *pool[schedule.Read], changes *pool[change]) error {
	reads, writes := streamOf(d.config.Reads().Next), streamOf(d.config.Writes().Next)
	for (reads.more || writes.more) && d.now() <= d.config.Duration+catchUp {
		due, submit := writes.head.Due, func() { d.offerWrite(writes, changes) }
		if reads.more && (!writes.more || reads.head.Due <= due) {
			due, submit = reads.head.Due, func() { d.offerRead(reads, to) }
		}
		if err := d.config.Pacer(ctx, d.begin.Add(due)); err != nil {
			return err
		}
		submit()
	}
	d.giveUp(ctx, reads, writes)
	return d.config.Pacer(ctx, d.begin.Add(d.config.Duration))
}

func (d *Driver) offerRead(reads *stream[schedule.Read], to *pool[schedule.Read]) {
	d.recorder.Due(reads.head.Due)
	if waits := to.submit(); waits && reads.head.ID >= 0 {
		d.count.Waited.Add(1)
	}
	reads.advance()
}

func (d *Driver) offerWrite(writes *stream[schedule.Write], to *pool[change]) {
	d.countDue(writes.head)
	to.submit()
	writes.advance()
}

// giveUp counts what is left of the schedule as due and never sent.
func (d *Driver) giveUp(ctx context.Context, reads *stream[schedule.Read], writes *stream[schedule.Write]) {
	for ; reads.more && ctx.Err() == nil; reads.advance() {
		d.recorder.Unsent(reads.head.Due, 1)
		if reads.head.ID >= 0 {
			d.count.Unoffered.Add(1)
		}
	}
	for ; writes.more && ctx.Err() == nil; writes.advance() {
		d.countDue(writes.head)
		d.countUnsent(writes.head)
	}
}

func (d *Driver) countDue(w schedule.Write) {
	if w.ID >= 0 {
		d.count.WritesDue.Add(1)
	}
}

func (d *Driver) countUnsent(w schedule.Write) {
	if w.ID >= 0 {
		d.count.WritesUnsent.Add(1)
	}
}

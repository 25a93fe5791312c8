package asyncreplicated

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/fakesvc"
	"crosstalk/internal/bus"
	"crosstalk/internal/fault"
	"crosstalk/internal/record"
	"crosstalk/internal/store"
)

// seqs are those of entries, and whether there are more.
func seqs(t *testing.T, o store.Outbox, after int64, n int) string {
	t.Helper()
	entries, more, err := o.Pending(t.Context(), after, n)
	if err != nil {
		t.Fatal(err)
	}
	out := []int64{}
	for _, e := range entries {
		out = append(out, e.Seq)
	}
	return fmt.Sprint(out, more)
}

// The volatile outbox has what was not acknowledged, in its order.
func TestUnsaved(t *testing.T) {
	u := &unsaved{}
	if got := seqs(t, u, 0, 9); got != "[] false" {
		t.Error(got)
	}
	for i := range int64(5) {
		u.add(10+i, record.Record{Key: record.Key(i), Version: 2})
	}
	for _, c := range []struct {
		after int64
		n     int
		want  string
	}{{0, 9, "[1 2 3 4 5] false"}, {0, 5, "[1 2 3 4 5] false"}, {0, 4, "[1 2 3 4] true"}, {3, 9, "[4 5] false"}, {5, 9, "[] false"}} {
		if got := seqs(t, u, c.after, c.n); got != c.want {
			t.Errorf("after %d, %d of them: %s, want %s", c.after, c.n, got, c.want)
		}
	}
	if err := u.Acknowledge(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	u.add(15, record.Record{Key: 5, Version: 2})
	for after, want := range map[int64]string{0: "[3 4 5 6] false", 2: "[3 4 5 6] false", 4: "[5 6] false"} {
		if got := seqs(t, u, after, 9); got != want {
			t.Errorf("after %d: %s, want %s", after, got, want)
		}
	}
	if err := u.Acknowledge(t.Context(), 6); err != nil {
		t.Fatal(err)
	}
	if got := seqs(t, u, 0, 9); got != "[] false" {
		t.Error(got)
	}
	if entries, _, _ := u.Pending(t.Context(), 0, 9); entries != nil {
		t.Error(entries)
	}
}

// Progress never goes back but by a rewind, and only what was read until it had caught up
// is the bootstrap's.
func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p progress
		p.begin(map[int]bus.Position{0: {Next: 5}})
		if !p.has(0, 4) || p.has(0, 5) || p.has(1, 0) {
			t.Error("what is applied at the beginning")
		}
		time.Sleep(time.Second)
		events := []bus.Delivery{{Event: bus.Event{Key: make([]byte, 8), Data: make([]byte, 12)}}, {Event: bus.Event{Key: make([]byte, 8)}}}
		p.advance(map[int]bus.Position{0: {Next: 3}, 1: {Next: 2}}, events)
		if b := p.bootstrap(); b != (fakesvc.Bootstrap{}) {
			t.Errorf("before it has caught up: %+v", b)
		}
		time.Sleep(time.Second)
		p.caughtUp()
		time.Sleep(time.Second)
		p.caughtUp()
		p.advance(map[int]bus.Position{1: {Next: 1}}, events)
		if want := (fakesvc.Bootstrap{Events: 2, Bytes: 28, Took: 2 * time.Second}); p.bootstrap() != want {
			t.Errorf("%+v, want %+v", p.bootstrap(), want)
		}
		if got := p.positions(); !reflect.DeepEqual(got, map[int]bus.Position{0: {Next: 5}, 1: {Next: 2}}) {
			t.Errorf("positions %v", got)
		}
		if p.rewind(0); p.has(0, 0) || !p.has(1, 1) {
			t.Error("a rewind is of one partition")
		}
		for name, c := range map[string]struct {
			enough func(map[int]bus.Position) bool
			want   bool
		}{
			"as many": {sums(7), true}, "more": {sums(8), false}, "to the end": {reaches(map[int]int64{0: 5, 1: 2}), true},
			"beyond": {reaches(map[int]int64{0: 5, 1: 3}), false}, "a partition more": {reaches(map[int]int64{0: 5, 2: 1}), false}, "of nothing": {reaches(nil), true},
		} {
			if got := c.enough(map[int]bus.Position{0: {Next: 5}, 1: {Next: 2}}); got != c.want {
				t.Errorf("%s: %v", name, got)
			}
		}
	})
}

// A copy has caught up with the end of the topic as it was when it had an event of each
// key, and not before.
func TestCaughtUpIsAtTheEnd(t *testing.T) {
	inWorld(t, func(w *world) {
		a := w.open("A", store.Memory, nil)
		a.seed()
		a.start()
		defer a.end()
		for i := range int64(5) {
			a.write(1+i, 3, uint64(2+i))
		}
		time.Sleep(time.Second)
		r := &replica{consumer: a.Node, supplier: "A", topic: w.topic()}
		r.progress.begin(nil)
		var done atomic.Bool
		go func() {
			if err := r.caughtUp(w.Context()); err != nil {
				w.Error(err)
			}
			done.Store(true)
		}()
		for _, next := range []int64{keys - 1, keys, keys + 4, keys + 5} {
			r.progress.advance(map[int]bus.Position{0: {Next: next}}, nil)
			time.Sleep(time.Second)
			if done.Load() != (next == keys+5) {
				w.Errorf("at %d of %d events it has caught up: %v", next, keys+5, done.Load())
			}
		}
		ctx, cancel := context.WithTimeout(w.Context(), time.Second)
		defer cancel()
		if err := (&replica{consumer: a.Node, supplier: "A", topic: w.topic()}).caughtUp(ctx); !errors.Is(err, context.DeadlineExceeded) {
			w.Errorf("a copy of nothing: %v", err)
		}
	})
}

// To try again is of use where something is away, locked or faulty, and not where a disk
// is full or we are wrong.
func TestWhatPasses(t *testing.T) {
	for err, want := range map[error]bool{
		status.Error(codes.Unavailable, ""): true, fmt.Errorf("x: %w", store.ErrAway): true, fmt.Errorf("x: %w", store.ErrLocked): true,
		errors.New("disk full"): false, store.ErrHeld: false,
	} {
		if got := passes(err); got != want {
			t.Errorf("%v: %v", err, got)
		}
	}
}

// What the database cannot do is tried again, later each time, as long as that is of use.
func TestInsist(t *testing.T) {
	inWorld(t, func(w *world) {
		d := w.open("D", store.Memory, nil)
		defer d.end()
		insist := func(ctx context.Context, err error, times int) (int, time.Duration, error) {
			begin, tries := time.Now(), 0
			got := d.copy.insist(ctx, func() error {
				if tries++; tries <= times {
					return err
				}
				return nil
			})
			return tries, time.Since(begin), got
		}
		if tries, took, err := insist(w.Context(), store.ErrAway, 2); err != nil || tries != 3 || took != 3*retryFrom {
			w.Errorf("%d tries in %v, %v; want 3 in %v", tries, took, err, 3*retryFrom)
		}
		full := errors.New("disk full")
		if tries, took, err := insist(w.Context(), full, 1); !errors.Is(err, full) || err.Error() != "copy of A in D: disk full" || tries != 1 || took != 0 {
			w.Errorf("%d tries in %v, %v", tries, took, err)
		}
		ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
		defer cancel()
		if tries, took, err := insist(ctx, store.ErrLocked, 1_000_000); !errors.Is(err, store.ErrLocked) || took != time.Minute || tries < int(time.Minute/retryUpTo) {
			w.Errorf("%d tries in %v, %v", tries, took, err)
		}
	})
}

// Changes pass side by side and leave in order: what has not passed keeps back what comes
// after it. Those of before the experiment meet no fault.
func TestRelayKeepsTheOrder(t *testing.T) {
	u := &unsaved{}
	r := &relay{stir: make(chan struct{}, 1), unsaved: u}
	u.add(fault.Beforehand, record.Record{Key: 1, Version: 1})
	for i := range int64(3) {
		u.add(1+i, record.Record{Key: 2, Version: uint64(2 + i)})
	}
	fill := func() {
		t.Helper()
		if err := r.fill(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	of := func(all []*change) string {
		var out []int64
		for _, c := range all {
			out = append(out, c.Seq)
		}
		return fmt.Sprint(out)
	}
	r.begin()
	if fill(); len(r.front()) != 0 {
		t.Error("what was not begun is at the front")
	}
	fresh := r.fresh()
	if of(fresh) != "[2 3 4]" || of(r.fresh()) != "[]" || of(r.front()) != "[1]" {
		t.Errorf("%s pass, %s is at the front", of(fresh), of(r.front()))
	}
	if pending, more := r.pending(); len(pending) != 4 || more || pending[3].Key != 2 || pending[3].Version != 4 {
		t.Errorf("pending %v, %v", pending, more)
	}
	fresh[1].passed = true
	if of(r.front()) != "[1]" {
		t.Errorf("%s is at the front, and 2 has not passed", of(r.front()))
	}
	fresh[0].passed = true
	if of(r.front()) != "[1 2 3]" {
		t.Errorf("%s is at the front", of(r.front()))
	}
	if r.drop(2); of(r.queue) != "[3 4]" || r.begun != 2 || of(r.front()) != "[3]" {
		t.Errorf("%s is left, %d begun", of(r.queue), r.begun)
	}
	u.add(4, record.Record{Key: 2, Version: 5})
	if fill(); of(r.queue) != "[3 4 5]" || of(r.fresh()) != "[5]" {
		t.Errorf("%s is queued", of(r.queue))
	}
	// Another copy may have published the first ones: what is still there goes on as it was.
	if err := u.Acknowledge(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	r.begin()
	if fill(); of(r.queue) != "[4 5]" || r.queue[0] != fresh[2] || r.begun != 0 || of(r.fresh()) != "[4 5]" {
		t.Errorf("begun again: %s, %d begun", of(r.queue), r.begun)
	}
}

// A change's event names its version, also where its data is not to be read.
func TestVersionOf(t *testing.T) {
	for name, c := range map[string]struct {
		event   bus.Event
		version uint64
		ok      bool
	}{
		"a change":    {bus.Event{ID: "my-svc-3-7", Key: []byte{0, 0, 0, 0, 0, 0, 0, 3}}, 7, true},
		"no version":  {bus.Event{ID: "A-3-x", Key: make([]byte, 8)}, 0, false},
		"another key": {bus.Event{ID: "A-3-7", Key: make([]byte, 7)}, 0, false},
	} {
		key, version, ok := versionOf(c.event)
		if version != c.version || ok != c.ok || ok && key != 3 {
			t.Errorf("%s: key %d, version %d, %v", name, key, version, ok)
		}
	}
}

// What is pending is the rest of the topic, from where the copy is.
func TestPendingIsTheRestOfTheTopic(t *testing.T) {
	inWorld(t, func(w *world) {
		a := w.open("A", store.Memory, nil)
		a.seed()
		a.start()
		defer a.end()
		for i := range int64(3) {
			a.write(1+i, 7, uint64(2+i))
		}
		time.Sleep(time.Second)
		for at, want := range map[int64]string{keys + 3: "[]", keys + 1: "[{7 3} {7 4}]", keys - 1: "[{9 1} {7 2} {7 3} {7 4}]"} {
			r := &replica{consumer: a.Node, supplier: "A", topic: w.topic()}
			r.progress.begin(map[int]bus.Position{0: {Next: at}})
			pending, err := r.Pending(w.Context())
			got := []struct{ key, version uint64 }{}
			for _, p := range pending {
				got = append(got, struct{ key, version uint64 }{uint64(p.Key), p.Version})
			}
			if err != nil || fmt.Sprint(got) != want {
				w.Errorf("from event %d on: %v, %v; want %s", at, got, err, want)
			}
		}
	})
}

// recorded is a database that tells for which request, and in which try, changes are
// applied, and does not apply them the first time.
type recorded struct {
	store.Store
	requests *[]fakesvc.Request
}

func (r recorded) Collection(ctx context.Context, name string) (store.Collection, error) {
	c, err := r.Store.Collection(ctx, name)
	return recordedCollection{c, r.requests}, err
}

type recordedCollection struct {
	store.Collection
	requests *[]fakesvc.Request
}

func (c recordedCollection) Apply(ctx context.Context, changes []record.Record, next map[int]bus.Position) ([]record.Record, error) {
	if *c.requests = append(*c.requests, fakesvc.RequestOf(ctx)); len(*c.requests) == 1 {
		return nil, store.ErrAway
	}
	return c.Collection.Apply(ctx, changes, next)
}

// Changes are applied for the write that the first of them is of, and each time it is
// tried again faults are drawn anew; what was applied is left out.
func TestChangesAreAppliedForTheirWrite(t *testing.T) {
	inWorld(t, func(w *world) {
		var requests []fakesvc.Request
		d := w.open("D", store.Memory, func(_ *fakesvc.NodeConfig, db *store.Store) { *db = recorded{*db, &requests} })
		defer d.end()
		a := w.open("A", store.Memory, nil)
		defer a.end()
		var batch []bus.Delivery
		for i := range int64(3) {
			event, err := encode(a.Node, 41+i, record.Record{Key: record.Key(i), Version: 2, Payload: record.Payload("A", record.Key(i), 2, 16)})
			if err != nil {
				w.Fatal(err)
			}
			batch = append(batch, bus.Delivery{Event: event, Offset: i})
		}
		if err := d.copy.apply(w.Context(), batch, map[int]bus.Position{0: {Next: 3}}); err != nil {
			w.Fatal(err)
		}
		if len(requests) != 2 || requests[0].ID != 41 || requests[0].Try != fault.Again(0, 0) || requests[1].ID != 41 || requests[1].Try != fault.Again(0, 1) {
			w.Errorf("applied for %+v", requests)
		}
		for key := range record.Key(3) {
			d.wantVersion(key, 2)
		}
		batch[0].Event.Data, batch[1].Event.Data = []byte{0xff}, []byte{0xff} // not to be decoded, but applied already
		if err := d.copy.apply(w.Context(), batch, map[int]bus.Position{0: {Next: 3}}); err != nil {
			w.Fatal(err)
		}
		told, err := d.Host().Statistics(w.Context(), false)
		if err != nil || told.DeadLetters != 0 || told.LostChanges != 0 {
			w.Errorf("%v, %d set aside, %d lost", err, told.DeadLetters, told.LostChanges)
		}
		batch[2].Event.Data, batch[2].Offset = []byte{0xff}, 3
		if err := d.copy.apply(w.Context(), batch[2:], map[int]bus.Position{0: {Next: 4}}); err != nil {
			w.Fatal(err)
		}
		if told, err = d.Host().Statistics(w.Context(), false); err != nil || told.DeadLetters != 1 || told.LostChanges != 1 {
			w.Errorf("%v, %d set aside, %d lost, want 1 and 1", err, told.DeadLetters, told.LostChanges)
		}
	})
}

// The first version of a record is created, each later one an update, and the event is the
// same however often it is made.
func TestNamesOfEvents(t *testing.T) {
	inWorld(t, func(w *world) {
		a := w.open("A", store.Memory, nil)
		defer a.end()
		for version, want := range map[uint64]string{1: "ACreated", 2: "AUpdated", 3: "AUpdated"} {
			r := record.Record{Key: 3, Version: version, WrittenAt: time.Unix(1, 5).UTC(), Payload: record.Payload("A", 3, version, 16)}
			event, err := encode(a.Node, 7, r)
			if err != nil || event.Type != want || event.ID != fmt.Sprintf("A-3-%d", version) || event.Request != 7 {
				w.Errorf("%v, %+v; want %s", err, event, want)
			}
			if again, err := encode(a.Node, 7, r); err != nil || again.Traceparent != event.Traceparent || again.ID != event.ID {
				w.Errorf("made again: %v, %+v", err, again)
			}
			if got, err := decode("A", event); err != nil || got.Key != 3 || got.Version != version || !got.WrittenAt.Equal(r.WrittenAt) || !got.Intact("A", 16) {
				w.Errorf("%v, %+v; want %+v", err, got, r)
			}
		}
	})
}

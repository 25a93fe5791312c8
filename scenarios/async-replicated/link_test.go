package asyncreplicated

import (
	"context"
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/internal/bus"
	"crosstalk/internal/fault"
	"crosstalk/internal/record"
	"crosstalk/internal/simnet"
	"crosstalk/internal/store"
)

const keys = 10

// world is a bus on which services come and go, under a fake clock.
type world struct {
	*testing.T
	env    fakesvc.Env
	failed chan error
	dir    string
	faults fault.Faults // of what is opened from then on
}

func inWorld(t *testing.T, test func(w *world)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var network simnet.Network
		broker, err := bus.StartBroker(network.Listen)
		if err != nil {
			t.Fatal(err)
		}
		defer broker.Close()
		cluster := bus.Config{Addresses: broker.Addresses(), Dial: network.Dial}
		client, err := bus.Open(t.Context(), cluster)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		w := &world{T: t, dir: dir, failed: make(chan error, 1), env: fakesvc.Env{
			Listen: network.Listen, Dial: network.Dial, Bus: client, Cluster: cluster,
			Prefix: "test", Keys: keys, Timeout: time.Second, Entity: func(s string) string { return s },
		}}
		if err := client.EnsureTopics(t.Context(), bus.Topic{Name: w.topic(), Compact: true}, bus.Topic{Name: w.env.DeadLetters()}); err != nil {
			t.Fatal(err)
		}
		test(w)
		select {
		case err := <-w.failed:
			t.Errorf("a part failed: %v", err)
		default:
		}
	})
}

func (w *world) topic() string { return changes(w.env, "A") }

// service is one process of A or D.
type service struct {
	*fakesvc.Node
	world *world
	db    store.Store
	copy  *replica // D's
}

// open opens a service's process on its database; it does nothing yet.
func (w *world) open(name string, kind store.Kind, change func(*fakesvc.NodeConfig, *store.Store)) *service {
	w.Helper()
	ctx := w.Context()
	db, err := store.Open(ctx, store.Spec{Kind: kind}, store.Place{Dir: w.dir}, name)
	if err != nil {
		w.Fatal(err)
	}
	config := fakesvc.NodeConfig{Name: name, Owns: name == "A", Outbox: true, Boundary: fault.NewBoundary(name, 1, nil)}
	used := db
	if change != nil {
		change(&config, &used)
	}
	host, err := fakesvc.NewHost(ctx, w.env, fakesvc.HostConfig{Services: []string{name}, Address: "127.0.0.1:0", Store: used, Faults: w.faults}, w.failed)
	if err != nil {
		w.Fatal(err)
	}
	s := &service{world: w, db: db}
	if s.Node, err = host.AddNode(ctx, config); err != nil {
		w.Fatal(err)
	}
	if name == "A" {
		publish(s.Node, w.topic())
		return s
	}
	source, err := Link{}.Connect(ctx, s.Node, "A")
	if err != nil {
		w.Fatal(err)
	}
	s.copy = source.(*replica)
	return s
}

// start lets the process run, and returns when it is ready.
func (s *service) start() {
	s.world.Helper()
	s.Host().Start()
	ctx, cancel := context.WithTimeout(s.world.Context(), time.Minute)
	defer cancel()
	if err := s.Host().Ready(ctx); err != nil {
		s.world.Fatal(err)
	}
}

func (s *service) end() {
	s.world.Helper()
	if err := s.Host().Close(); err != nil {
		s.world.Error(err)
	}
	if err := s.db.Close(); err != nil {
		s.world.Error(err)
	}
}

func (s *service) seed() {
	s.world.Helper()
	if err := s.Seed(s.world.Context(), keys, 16); err != nil {
		s.world.Fatal(err)
	}
}

func (s *service) write(id int64, key record.Key, version uint64) {
	s.world.Helper()
	r := record.Record{Key: key, Version: version, Payload: record.Payload("A", key, version, 16)}
	if err := s.Write(s.world.Context(), id, r); err != nil {
		s.world.Fatal(err)
	}
}

// wantVersion fetches from the copy.
func (s *service) wantVersion(key record.Key, want uint64) {
	s.world.Helper()
	if r, err := s.copy.Fetch(s.world.Context(), key); err != nil || r.Version != want {
		s.world.Errorf("key %d: version %d, error %v, want version %d", key, r.Version, err, want)
	}
}

// published reads all of the topic.
func (w *world) published() (versions map[record.Key][]uint64) {
	w.Helper()
	end, err := w.env.Bus.End(w.Context(), w.topic())
	if err != nil {
		w.Fatal(err)
	}
	sub := w.env.Bus.Subscribe(w.topic(), nil)
	defer sub.Close()
	versions = make(map[record.Key][]uint64)
	for next := int64(0); next < end[0]; { // of one partition
		batch, err := sub.Next(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		for _, d := range batch {
			key, version, _ := versionOf(d.Event)
			versions[key] = append(versions[key], version)
			next = d.Offset + 1
		}
	}
	return versions
}

// A process that dies leaves changes behind that it had not published. The next one
// publishes them, the first records too; without an outbox nobody does.
func TestARestartGoesOnWithWhatIsPending(t *testing.T) {
	for _, kind := range []store.Kind{store.Sqlite, store.Bbolt} {
		for _, outbox := range []bool{true, false} {
			t.Run(fmt.Sprint(kind, " ", outbox), func(t *testing.T) {
				inWorld(t, func(w *world) {
					config := func(c *fakesvc.NodeConfig, _ *store.Store) { c.Outbox = outbox }
					dying := w.open("A", kind, config)
					dying.seed()
					dying.write(1, 3, 2)
					dying.write(2, 3, 3)
					dying.end() // it had not begun to publish

					next := w.open("A", kind, config)
					next.seed() // which changes nothing
					next.start()
					defer next.end()
					next.write(3, 4, 2)
					time.Sleep(time.Second)
					want := map[record.Key][]uint64{4: {2}}
					if outbox {
						for key := range record.Key(keys) {
							want[key] = []uint64{1}
						}
						want[3], want[4] = []uint64{1, 2, 3}, []uint64{1, 2}
					}
					if got := w.published(); !reflect.DeepEqual(got, want) {
						w.Errorf("published %v, want %v", got, want)
					}
				})
			})
		}
	}
}

// A copy that is started again reads what came since, and nothing of before.
func TestACopyGoesOnWhereItWas(t *testing.T) {
	for _, kind := range []store.Kind{store.Sqlite, store.Bbolt} {
		t.Run(string(kind), func(t *testing.T) {
			inWorld(t, func(w *world) {
				a := w.open("A", store.Memory, nil)
				a.seed()
				a.start()
				defer a.end()
				d := w.open("D", kind, nil)
				d.start()
				if b := d.copy.Bootstrap(); b.Events != keys || b.Bytes < keys*16 {
					w.Errorf("bootstrap %+v, want %d events", b, keys)
				}
				a.write(1, 3, 2)
				time.Sleep(time.Second)
				d.wantVersion(3, 2)
				d.end()

				a.write(2, 3, 3)
				a.write(3, 5, 2)
				time.Sleep(time.Second) // a copy catches up with what is published by then
				d = w.open("D", kind, nil)
				d.wantVersion(3, 2) // it answers with what it has
				d.start()
				defer d.end()
				if b := d.copy.Bootstrap(); b.Events != 2 {
					w.Errorf("bootstrap %+v, want 2 events", b)
				}
				d.wantVersion(3, 3)
				d.wantVersion(5, 2)
				d.wantVersion(9, 1)
			})
		})
	}
}

// A topic that has lost what it had acknowledged is read anew, counted, and changes
// nothing that the copy has; also where it has grown to the copy's position again or past
// it, and whether or not the copy's process runs meanwhile.
func TestALostLogIsReadAnew(t *testing.T) {
	for _, kind := range []store.Kind{store.Sqlite, store.Bbolt} {
		for _, written := range []uint64{0, 5, keys + 1, 40} {
			for _, runs := range []bool{true, false} {
				t.Run(fmt.Sprint(kind, " ", written, " ", runs), func(t *testing.T) {
					inWorld(t, func(w *world) { w.loseLog(kind, written, runs) })
				})
			}
		}
	}
}

func (w *world) loseLog(kind store.Kind, written uint64, runs bool) {
	w.Helper()
	a := w.open("A", store.Memory, nil)
	a.seed()
	a.start()
	defer a.end()
	d := w.open("D", kind, nil)
	d.start()
	a.write(1, 3, 2)
	time.Sleep(time.Second)
	d.wantVersion(3, 2)
	if !runs {
		d.end()
	}
	w.emptyTopic()
	for i := range written {
		a.write(int64(2+i), 5, 2+i)
	}
	if !runs {
		d = w.open("D", kind, nil)
		d.Host().Start()
	}
	defer func() { d.end() }()
	time.Sleep(time.Minute)
	d.wantVersion(3, 2)
	d.wantVersion(5, 1+written)
	if got := d.logLosses(); got != 1 {
		w.Errorf("%d log losses, want 1", got)
	}
	want := map[int]int64{}
	if written > 0 {
		want[0] = int64(written)
	}
	if got := d.offsets(); !reflect.DeepEqual(got, want) {
		w.Errorf("position %v, want %v", got, want)
	}
	a.write(100, 3, 3)
	time.Sleep(time.Second)
	d.wantVersion(3, 3)
}

// emptyTopic has the topic begin anew.
func (w *world) emptyTopic() {
	w.Helper()
	if err := w.env.Bus.DeletePrefix(w.Context(), w.topic()); err != nil {
		w.Fatal(err)
	}
	if err := w.env.Bus.EnsureTopics(w.Context(), bus.Topic{Name: w.topic(), Compact: true}); err != nil {
		w.Fatal(err)
	}
}

// offsets are those of the position that the copy keeps.
func (s *service) offsets() map[int]int64 {
	s.world.Helper()
	next, err := s.copy.collection.Position(s.world.Context())
	if err != nil {
		s.world.Fatal(err)
	}
	offsets := make(map[int]int64)
	for partition, at := range next {
		offsets[partition] = at.Next
	}
	return offsets
}

// What a fault keeps from a copy, or has come in another order, is read all the same: a
// copy that is started again goes on after it, and no log is lost for that. One that is
// rewritten is noticed all the same.
func TestFaultsOfTheBusAreNoLostLog(t *testing.T) {
	for _, faults := range []string{"bus:drop=100%", "bus:drop=30%;bus:delay=uniform(0s,3s);bus:reorder=30%;bus:duplicate=30%"} {
		t.Run(faults, func(t *testing.T) {
			inWorld(t, func(w *world) {
				if err := w.faults.UnmarshalText([]byte(faults)); err != nil {
					w.Fatal(err)
				}
				a := w.open("A", store.Memory, nil)
				a.seed()
				a.start()
				defer a.end()
				written := int64(0)
				for range 10 {
					d := w.open("D", store.Sqlite, nil)
					d.start()
					for range 7 {
						written++
						a.write(written, record.Key(written%keys), 2+uint64(written))
						time.Sleep(300 * time.Millisecond)
					}
					if got := d.logLosses(); got != 0 {
						w.Fatalf("after %d writes: %d log losses, and there was none", written, got)
					}
					d.end()
				}
				d := w.open("D", store.Sqlite, nil)
				d.start()
				time.Sleep(time.Minute)
				if got, want := d.offsets(), (map[int]int64{0: keys + written}); d.logLosses() != 0 || !reflect.DeepEqual(got, want) {
					w.Errorf("position %v, %d log losses, want %v and none", got, d.logLosses(), want)
				}
				d.end()
				w.emptyTopic()
				for range keys + written {
					written++
					a.write(written, 1, 2+uint64(written))
				}
				d = w.open("D", store.Sqlite, nil)
				defer d.end()
				d.Host().Start()
				time.Sleep(time.Minute)
				if got := d.logLosses(); got != 1 {
					w.Errorf("%d log losses in one that was rewritten, want 1", got)
				}
			})
		})
	}
}

// logLosses asks the control.
func (s *service) logLosses() int64 {
	s.world.Helper()
	statistics, err := s.Host().Statistics(s.world.Context(), false)
	if err != nil {
		s.world.Fatal(err)
	}
	return statistics.LogLosses
}

// An empty copy is ready once it has all that was published, however much of it
// compaction has left.
func TestAnEmptyCopyCatchesUpFromACompactedTopic(t *testing.T) {
	inWorld(t, func(w *world) {
		a := w.open("A", store.Memory, nil)
		a.seed()
		a.start()
		defer a.end()
		const versions, size = 40, 20_000
		for version := uint64(2); version <= versions; version++ {
			for key := range record.Key(keys) {
				r := record.Record{Key: key, Version: version, Payload: record.Payload("A", key, version, size)}
				if err := a.Write(w.Context(), 1, r); err != nil {
					w.Fatal(err)
				}
			}
		}
		time.Sleep(time.Minute)
		d := w.open("D", store.Memory, nil)
		d.start()
		defer d.end()
		for key := range record.Key(keys) {
			d.wantVersion(key, versions)
		}
		if b := d.copy.Bootstrap(); b.Events < keys || b.Events >= keys*versions || b.Bytes < keys*size {
			w.Errorf("bootstrap %+v: want fewer than %d events", b, keys*versions)
		}
	})
}

// Two copies of A have one database. Whoever writes, one of them publishes, in the
// order of the versions; and where it ends, the other one does.
func TestCopiesOfAServicePublishOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.env.Groups = true
		first, second := w.open("A", store.Sqlite, nil), w.open("A", store.Sqlite, nil)
		first.seed()
		second.seed()
		first.start()
		time.Sleep(time.Second)
		second.start()
		want := make(map[record.Key][]uint64)
		for key := range record.Key(keys) {
			want[key] = []uint64{1}
		}
		for version := uint64(2); version < 30; version++ {
			key := record.Key(version % 3)
			[]*service{first, second}[version%2].write(int64(version), key, version)
			want[key] = append(want[key], version)
		}
		time.Sleep(time.Second)
		if got := w.published(); !reflect.DeepEqual(got, want) {
			w.Errorf("published %v, want %v", got, want)
		}
		first.end()
		second.write(30, 0, 30)
		want[0] = append(want[0], 30)
		time.Sleep(holdEvery + 50*time.Millisecond)
		if got := w.published(); !reflect.DeepEqual(got, want) {
			w.Errorf("published %v once the first had ended, want %v", got, want)
		}
		second.end()
	})
}

// away is a database that does not answer while isAway.
type away struct {
	store.Store
	isAway *atomic.Bool
}

func (a away) Collection(ctx context.Context, name string) (store.Collection, error) {
	c, err := a.Store.Collection(ctx, name)
	return awayCollection{c, a.isAway}, err
}

type awayCollection struct {
	store.Collection
	isAway *atomic.Bool
}

func (c awayCollection) Outbox(ctx context.Context) (store.Outbox, error) {
	if c.isAway.Load() {
		return nil, store.ErrAway
	}
	o, err := c.Collection.Outbox(ctx)
	return awayOutbox{o, c.isAway}, err
}

func (c awayCollection) Apply(ctx context.Context, recs []record.Record, next map[int]bus.Position) ([]record.Record, error) {
	if c.isAway.Load() {
		return nil, store.ErrAway
	}
	return c.Collection.Apply(ctx, recs, next)
}

type awayOutbox struct {
	store.Outbox
	isAway *atomic.Bool
}

func (o awayOutbox) Pending(ctx context.Context, after int64, n int) ([]store.Entry, bool, error) {
	if o.isAway.Load() {
		return nil, false, store.ErrAway
	}
	return o.Outbox.Pending(ctx, after, n)
}

// While a database is away, changes wait: the owner's to be published, the copy's
// to be applied.
func TestChangesWaitForADatabaseThatIsAway(t *testing.T) {
	for _, name := range []string{"A", "D"} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				isAway := new(atomic.Bool)
				flaky := func(c *fakesvc.NodeConfig, db *store.Store) {
					if c.Name == name {
						*db = away{*db, isAway}
					}
				}
				a, d := w.open("A", store.Memory, flaky), w.open("D", store.Memory, flaky)
				a.seed()
				a.start()
				defer a.end()
				d.start()
				defer d.end()
				isAway.Store(true)
				a.write(1, 3, 2)
				time.Sleep(3 * time.Second)
				d.wantVersion(3, 1)
				isAway.Store(false)
				time.Sleep(retryUpTo + holdEvery)
				d.wantVersion(3, 2)
			})
		})
	}
}

package load

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"crosstalk/internal/record"
	"crosstalk/internal/result"
)

// Answer is one record of an answer, as the driver received it.
type Answer struct {
	Service string
	record.Record
}

// Oracle knows which version of each key each owner has acknowledged, and so
// judges every answer. All times are the driver's own, from the start of the
// measured part: no two clocks are ever compared.
//
// It relies on each key having version 1 from before the load. What it keeps
// does not grow with the length of the run: of each written key, the versions
// that an answer could still lack.
type Oracle struct {
	needs   []string
	payload int
	// horizon is how long a request can be under way: its timeout, well rounded up.
	horizon time.Duration
	// others says that others write: an answer may be newer than what is known here, and
	// nobody here knows which is stale.
	others bool
	// bounds is, by dependency, how stale its record may be; unbounded where it may be
	// as stale as it likes.
	bounds []time.Duration
	// excused is, by dependency, what came of the answers that a fallback may explain.
	excused []Excused

	mu    sync.Mutex
	cells map[cell]*history
}

// Excused is how many records in the measured part were older than what was acknowledged
// before the request was sent, and the first of them; nil where there is none.
type Excused struct {
	Records int64
	First   error
}

type cell struct {
	service string
	key     record.Key
}

// history is what is known of one key of one service that was written.
type history struct {
	issued uint64
	// newest is the newest version that was acknowledged.
	newest uint64
	// beforeRestart is what had been issued when the owner was last started anew.
	beforeRestart uint64
	// seen is the newest version that an answer has held.
	seen uint64
	// acknowledged holds the versions above floor, ascending in both fields.
	acknowledged []acknowledgement
	// Any request still under way was sent when seen had reached floor already.
	floor     uint64
	nextFloor uint64
	turned    time.Duration
}

type acknowledgement struct {
	version uint64
	at      time.Duration
}

// NewOracle returns the oracle for answers that hold a record of each of needs,
// with payloads of the given size. A request lasts at most timeout.
func NewOracle(needs []string, payloadBytes int, timeout time.Duration) *Oracle {
	o := &Oracle{needs: needs, payload: payloadBytes, horizon: 2 * timeout, cells: make(map[cell]*history)}
	for range needs {
		o.bounds = append(o.bounds, unbounded)
	}
	o.excused = make([]Excused, len(needs))
	return o
}

const (
	unbounded time.Duration = -1
	// excusable is the bound 0 of a dependency whose records that break it are counted.
	excusable time.Duration = -2
)

// Bound makes an answer wrong if its record of service is staler than most. With 0 it
// has to hold at least what was acknowledged before the request was sent. It is called
// before the load.
func (o *Oracle) Bound(service string, most time.Duration) {
	if i := slices.Index(o.needs, service); i >= 0 {
		o.bounds[i] = most
	}
}

// Excuse counts the records of service that are older than Bound(service, 0) allows,
// instead of taking their answers as wrong. It is called before the load.
func (o *Oracle) Excuse(service string) { o.Bound(service, excusable) }

// Excused returns what Excuse has counted of a service; nothing where it was not asked to.
func (o *Oracle) Excused(service string) Excused {
	o.mu.Lock()
	defer o.mu.Unlock()
	if i := slices.Index(o.needs, service); i >= 0 {
		return o.excused[i]
	}
	return Excused{}
}

// NewBystander returns the oracle of a driver that writes nothing itself while others
// do. It tells what is missing, corrupt or goes backwards; any other answer it leaves
// Unjudged.
func NewBystander(needs []string, payloadBytes int, timeout time.Duration) *Oracle {
	o := NewOracle(needs, payloadBytes, timeout)
	o.others = true
	return o
}

// Issue returns the version for the next write of a key. Versions belong to the
// schedule, so that they and the payloads are the same in every topology.
func (o *Oracle) Issue(service string, key record.Key) uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	h := o.of(service, key)
	h.issued++
	return h.issued
}

func (o *Oracle) of(service string, key record.Key) *history {
	h := o.cells[cell{service, key}]
	if h == nil {
		h = &history{issued: 1, newest: 1, seen: 1, floor: 1, nextFloor: 1}
		o.cells[cell{service, key}] = h
	}
	return h
}

// Acknowledged notes that an owner has had a version since at. A version that
// is acknowledged after a newer one was never the newest, and is left out. It returns
// the newest version that was issued by then.
func (o *Oracle) Acknowledged(service string, key record.Key, version uint64, at time.Duration) (issued uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	h := o.cells[cell{service, key}]
	h.forget(at, o.horizon)
	if version > h.newest {
		h.newest = version
		h.acknowledged = append(h.acknowledged, acknowledgement{version, at})
	}
	return h.issued
}

// Stored returns the versions that an owner may have of a key: at least the newest
// that it has acknowledged, and none that was never issued.
func (o *Oracle) Stored(service string, key record.Key) (acknowledged, issued uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if h := o.cells[cell{service, key}]; h != nil {
		return h.newest, h.issued
	}
	return 1, 1
}

// Restarted notes that the process of an owner was started anew.
func (o *Oracle) Restarted(service string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for c, h := range o.cells {
		if c.service == service {
			h.beforeRestart = h.issued
		}
	}
}

// BeforeRestart tells whether a version was issued before its owner was last started
// anew.
func (o *Oracle) BeforeRestart(service string, key record.Key, version uint64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	h := o.cells[cell{service, key}]
	return h != nil && version <= h.beforeRestart
}

// forget drops what no answer can lack any more. A request under way for at most
// horizon was sent after the last turn but one, and by then answers had held
// floor: one that held less would go backwards.
func (h *history) forget(now, horizon time.Duration) {
	if now-h.turned <= horizon {
		return
	}
	h.turned, h.floor, h.nextFloor = now, h.nextFloor, h.seen
	i := 0
	for i < len(h.acknowledged) && h.acknowledged[i].version <= h.floor {
		i++
	}
	h.acknowledged = append(h.acknowledged[:0], h.acknowledged[i:]...)
}

// Question is what the oracle remembers of a request while it is in flight.
type Question struct {
	Key record.Key
	Due time.Duration
	// By dependency, when it was sent: the newest version that answers had held, and
	// the newest that was acknowledged.
	seen, acknowledged []uint64
}

// Ask is called just before a request is sent.
func (o *Oracle) Ask(key record.Key, due time.Duration) Question {
	n := len(o.needs)
	known := make([]uint64, 2*n)
	q := Question{Key: key, Due: due, seen: known[:n], acknowledged: known[n:]}
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, service := range o.needs {
		h := o.cells[cell{service, key}]
		if h == nil {
			h = &unwritten
		}
		q.seen[i], q.acknowledged[i] = h.seen, h.newest
	}
	return q
}

// Judge says what an answer is worth, and for how long its oldest part had been
// outdated when the request was due. The error of a wrong answer (backwards,
// missing, corrupt, staler than its bound) names the key.
func (o *Oracle) Judge(q Question, answers []Answer) (result.Judgement, time.Duration, error) {
	if len(answers) != len(o.needs) {
		return result.Missing, 0, fmt.Errorf("the answer for key %d holds %d records, not %d", q.Key, len(answers), len(o.needs))
	}
	spoilt := slices.IndexFunc(answers, func(a Answer) bool { // without the lock, which many wait for
		return a.Key != q.Key || !a.Intact(a.Service, o.payload)
	})
	o.mu.Lock()
	defer o.mu.Unlock()
	var oldest time.Duration
	var tooStale error
	stale := false
	for i, a := range answers {
		h := o.historyOf(o.needs[i], q.Key, a.Version)
		switch {
		case i == spoilt || a.Service != o.needs[i] || a.Version == 0 || a.Version > h.issued && !o.others:
			return result.Corrupt, 0, fmt.Errorf("the record of %s for key %d claims to be %s's key %d, version %d: %s",
				o.needs[i], q.Key, a.Service, a.Key, a.Version, o.fault(i, q.Key, a, h))
		case a.Version < q.seen[i]:
			return result.Backwards, 0, fmt.Errorf("the record of %s for key %d went backwards, from version %d to %d", a.Service, q.Key, q.seen[i], a.Version)
		}
		age, outdated := h.outdated(a.Version, q.Due)
		err := o.staler(i, q, a, age)
		if outdated || err != nil {
			stale, oldest = true, max(oldest, age)
		}
		if tooStale == nil {
			tooStale = err
		}
		if h != &unwritten {
			h.seen = max(h.seen, a.Version)
		}
	}
	switch {
	case o.others:
		return result.Unjudged, 0, nil
	case stale:
		return result.Stale, oldest, tooStale
	}
	return result.Correct, 0, nil
}

// historyOf returns that of a key, in which an answer may be noted.
func (o *Oracle) historyOf(service string, key record.Key, version uint64) *history {
	if o.others && version > 1 {
		return o.of(service, key)
	}
	if h := o.cells[cell{service, key}]; h != nil {
		return h
	}
	return &unwritten
}

// fault says what is wrong with a corrupt record.
func (o *Oracle) fault(i int, key record.Key, a Answer, h *history) string {
	switch {
	case a.Service != o.needs[i] || a.Key != key:
		return "it is another record"
	case a.Version == 0:
		return "there is no such version"
	case o.others || a.Version <= h.issued:
		return "its payload is not the one that was written"
	case a.Intact(a.Service, o.payload):
		return "that version was never written by this driver, and its payload is right: somebody else writes to " + a.Service + ", or it is left from an earlier run"
	}
	return "that version was never written by this driver, nor was its payload"
}

// staler is the error of a record that is staler than its dependency's bound.
func (o *Oracle) staler(i int, q Question, a Answer, age time.Duration) error {
	switch bound := o.bounds[i]; {
	case o.others || bound == unbounded:
		return nil
	case bound <= 0 && a.Version < q.acknowledged[i]:
		err := fmt.Errorf("the record of %s for key %d is version %d, and version %d was acknowledged before the request was sent",
			a.Service, q.Key, a.Version, q.acknowledged[i])
		if bound == excusable {
			return o.excuse(i, q, err)
		}
		return err
	case bound > 0 && age > bound:
		return fmt.Errorf("the record of %s for key %d, version %d, had been outdated for %v when the request was due, and the declared cache keeps it for %v",
			a.Service, q.Key, a.Version, age, bound)
	}
	return nil
}

// excuse counts a record that only a fallback explains, but not of the warm-up, in which
// nobody counts the fallbacks.
func (o *Oracle) excuse(i int, q Question, err error) error {
	if e := &o.excused[i]; q.Due >= 0 {
		e.Records++
		e.First = cmp.Or(e.First, err)
	}
	return nil
}

// unwritten is the history of a key that only has the version from before the load.
var unwritten = history{issued: 1, newest: 1, seen: 1}

// outdated tells for how long, at due, version had no longer been the newest.
func (h *history) outdated(version uint64, due time.Duration) (time.Duration, bool) {
	for _, a := range h.acknowledged {
		if a.version > version {
			return max(due-a.at, 0), a.at < due
		}
	}
	return 0, false
}

package load

import (
	"fmt"
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

	mu    sync.Mutex
	cells map[cell]*history
}

type cell struct {
	service string
	key     record.Key
}

// history is what is known of one key of one service that was written.
type history struct {
	issued uint64
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
	return &Oracle{needs: needs, payload: payloadBytes, horizon: 2 * timeout, cells: make(map[cell]*history)}
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
		h = &history{issued: 1, seen: 1, floor: 1, nextFloor: 1}
		o.cells[cell{service, key}] = h
	}
	return h
}

// Acknowledged notes that an owner has had a version since at. A version that
// is acknowledged after a newer one was never the newest, and is left out.
func (o *Oracle) Acknowledged(service string, key record.Key, version uint64, at time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	h := o.cells[cell{service, key}]
	h.forget(at, o.horizon)
	if n := len(h.acknowledged); n > 0 && h.acknowledged[n-1].version > version {
		return
	}
	h.acknowledged = append(h.acknowledged, acknowledgement{version, at})
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

// Question is what the oracle remembers of a request while it is under way.
type Question struct {
	Key record.Key
	Due time.Duration
	// seen is, by need, the newest version that answers had held when it was sent.
	seen []uint64
}

// Ask is called when a request is sent.
func (o *Oracle) Ask(key record.Key, due time.Duration) Question {
	q := Question{Key: key, Due: due, seen: make([]uint64, len(o.needs))}
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, service := range o.needs {
		q.seen[i] = 1
		if h := o.cells[cell{service, key}]; h != nil {
			q.seen[i] = h.seen
		}
	}
	return q
}

// Judge says what an answer is worth, and for how long its oldest part had been
// outdated when the request was due. The error of a wrong answer (backwards,
// missing, corrupt) names the key.
func (o *Oracle) Judge(q Question, answers []Answer) (result.Judgement, time.Duration, error) {
	if len(answers) != len(o.needs) {
		return result.Missing, 0, fmt.Errorf("the answer for key %d holds %d records, not %d", q.Key, len(answers), len(o.needs))
	}
	for i, a := range answers {
		if a.Service != o.needs[i] || a.Key != q.Key || !a.Intact(a.Service, o.payload) {
			return result.Corrupt, 0, fmt.Errorf("the record of %s for key %d, version %d, is corrupt", o.needs[i], q.Key, a.Version)
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	var oldest time.Duration
	stale := false
	for i, a := range answers {
		h := o.cells[cell{a.Service, q.Key}]
		switch {
		case o.others && a.Version > 1:
			h = o.of(a.Service, q.Key)
		case h == nil:
			h = &unwritten
		}
		switch {
		case a.Version > h.issued && !o.others || a.Version == 0:
			return result.Corrupt, 0, fmt.Errorf("the record of %s for key %d has version %d, which was never written", a.Service, q.Key, a.Version)
		case a.Version < q.seen[i]:
			return result.Backwards, 0, fmt.Errorf("the record of %s for key %d went backwards, from version %d to %d", a.Service, q.Key, q.seen[i], a.Version)
		}
		if age, outdated := h.outdated(a.Version, q.Due); outdated {
			stale, oldest = true, max(oldest, age)
		}
		if h != &unwritten {
			h.seen = max(h.seen, a.Version)
		}
	}
	switch {
	case o.others:
		return result.Unjudged, 0, nil
	case stale:
		return result.Stale, oldest, nil
	}
	return result.Correct, 0, nil
}

// unwritten is the history of a key that only has the version from before the load.
var unwritten = history{issued: 1, seen: 1}

// outdated tells for how long, at due, version had no longer been the newest.
func (h *history) outdated(version uint64, due time.Duration) (time.Duration, bool) {
	for _, a := range h.acknowledged {
		if a.version > version {
			return due - a.at, a.at < due
		}
	}
	return 0, false
}

package load

import (
	"slices"
	"sync"
	"time"

	"crosstalk/internal/record"
)

// Replica names a copy: the service that keeps it and the owner of the records.
type Replica struct{ Consumer, Owner string }

// Lag pairs each acknowledged write with the moment at which each replica of its
// owner made it visible: visible − acknowledged, on the driver's clock.
type Lag struct {
	record func(at, lag time.Duration)

	mu        sync.Mutex
	consumers map[string][]string // by owner
	copies    map[copyOf]*pending
	unseen    int
}

type copyOf struct {
	consumer string
	cell
}

type pending struct {
	visible uint64
	waiting []acknowledgement
	lost    []uint64 // before their acknowledgement arrived
}

// NewLag returns a tracker for the replicas. It calls record with the moment at
// which a change became visible, and its lag.
func NewLag(replicas []Replica, record func(at, lag time.Duration)) *Lag {
	l := &Lag{record: record, consumers: make(map[string][]string), copies: make(map[copyOf]*pending)}
	for _, r := range replicas {
		l.consumers[r.Owner] = append(l.consumers[r.Owner], r.Consumer)
	}
	return l
}

// Acknowledged notes that the owner has had a version since at. A replica can
// have shown it before its acknowledgement arrived; that is a lag of 0.
func (l *Lag) Acknowledged(owner string, key record.Key, version uint64, at time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, consumer := range l.consumers[owner] {
		p := l.of(consumer, owner, key)
		if p.visible >= version {
			l.record(at, 0)
			continue
		}
		if i := slices.Index(p.lost, version); i >= 0 {
			p.lost = slices.Delete(p.lost, i, i+1)
			continue
		}
		p.waiting = append(p.waiting, acknowledgement{version, at})
		l.unseen++
	}
}

// Visible notes that consumer has answered with version since at, and so with
// every older version's successor.
func (l *Lag) Visible(consumer, owner string, key record.Key, version uint64, at time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.of(consumer, owner, key)
	p.visible = max(p.visible, version)
	still := p.waiting[:0]
	for _, w := range p.waiting {
		if w.version <= p.visible {
			l.record(at, at-w.at)
			l.unseen--
		} else {
			still = append(still, w)
		}
	}
	p.waiting = still
}

// Lost notes that consumer will never have a version: the event that brought it
// is lost. A newer version may have shown it before.
func (l *Lag) Lost(consumer, owner string, key record.Key, version uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.of(consumer, owner, key)
	known := p.visible >= version
	still := p.waiting[:0]
	for _, w := range p.waiting {
		if w.version == version {
			l.unseen--
			known = true
		} else {
			still = append(still, w)
		}
	}
	p.waiting = still
	if !known {
		p.lost = append(p.lost, version)
	}
}

// Oldest returns when the oldest change was acknowledged that is not visible in
// every replica; it is not ok where all are.
func (l *Lag) Oldest() (at time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.copies {
		for _, w := range p.waiting {
			if !ok || w.at < at {
				at, ok = w.at, true
			}
		}
	}
	return at, ok
}

// Unseen is how many acknowledged changes are not visible in some replica yet.
func (l *Lag) Unseen() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.unseen
}

func (l *Lag) of(consumer, owner string, key record.Key) *pending {
	id := copyOf{consumer, cell{owner, key}}
	p := l.copies[id]
	if p == nil {
		p = &pending{}
		l.copies[id] = p
	}
	return p
}

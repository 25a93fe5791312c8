package load

import (
	"cmp"
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
	waiting []unseen
	lost    []uint64 // versions whose events were dropped or cannot be decoded
}

// unseen is an acknowledged version that is not visible. When it was acknowledged, no
// version above issued had been issued.
type unseen struct {
	version, issued uint64
	at              time.Duration
}

// lostWith tells whether a version is not visible because the event of lost, that
// version or a newer one, is lost. An owner does not store a version that comes after a
// newer one, and so publishes no event for it: the newer one's would have shown both.
func (u unseen) lostWith(lost uint64) bool {
	return u.version == lost || u.version < lost && lost <= u.issued
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

// Acknowledged notes that the owner has had a version since at, when issued was the
// newest version that had been issued. A replica can have shown it before its
// acknowledgement arrived; that is a lag of 0.
func (l *Lag) Acknowledged(owner string, key record.Key, version, issued uint64, at time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := unseen{version, issued, at}
	for _, consumer := range l.consumers[owner] {
		p := l.of(consumer, owner, key)
		if p.visible >= version {
			l.record(at, 0)
			continue
		}
		if slices.ContainsFunc(p.lost, u.lostWith) {
			continue
		}
		p.waiting = append(p.waiting, u)
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
	l.settle(p, func(u unseen) bool {
		seen := u.version <= p.visible
		if seen {
			l.record(at, at-u.at)
		}
		return seen
	})
}

// Held notes that consumer's database has version, since nobody knows when. It returns
// how many changes are visible of which that was not known.
func (l *Lag) Held(consumer, owner string, key record.Key, version uint64) (untold int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.unseen
	if p := l.copies[copyOf{consumer, cell{owner, key}}]; p != nil {
		p.visible = max(p.visible, version)
		l.settle(p, func(u unseen) bool { return u.version <= p.visible })
	}
	return before - l.unseen
}

// Lost notes that consumer will never have a version: the event that brought it
// is lost. A newer version may have shown it before.
func (l *Lag) Lost(consumer, owner string, key record.Key, version uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.of(consumer, owner, key)
	p.lost = append(p.lost, version)
	l.settle(p, func(u unseen) bool { return u.lostWith(version) })
}

// settle takes out of what waits what does so no longer.
func (l *Lag) settle(p *pending, settled func(u unseen) bool) {
	left := slices.DeleteFunc(p.waiting, settled)
	l.unseen -= len(p.waiting) - len(left)
	p.waiting = left
}

// IsLost tells whether consumer has said that it will never have a version.
func (l *Lag) IsLost(consumer, owner string, key record.Key, version uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.copies[copyOf{consumer, cell{owner, key}}]
	return p != nil && slices.Contains(p.lost, version)
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

// Change is a version of a record that a replica should have.
type Change struct {
	Replica
	Key     record.Key
	Version uint64
	// At is when it was acknowledged.
	At time.Duration
}

// Left returns the acknowledged changes that are not visible, by their replica, key
// and version.
func (l *Lag) Left() []Change {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Change
	for c, p := range l.copies {
		for _, u := range p.waiting {
			out = append(out, Change{Replica{c.consumer, c.service}, c.key, u.version, u.at})
		}
	}
	slices.SortFunc(out, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Consumer, b.Consumer), cmp.Compare(a.Owner, b.Owner),
			cmp.Compare(a.Key, b.Key), cmp.Compare(a.Version, b.Version))
	})
	return out
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

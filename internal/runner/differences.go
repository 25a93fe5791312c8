package runner

import (
	"fmt"
	"strings"

	"crosstalk/internal/load"
	"crosstalk/internal/record"
)

// namedRows is how many rows that differ an error names.
const namedRows = 5

// differences is what came of one table: of how many rows, which are not what they
// must be.
type differences struct {
	what string
	rows int64
	// wrong is what no waiting mends, behind what may be on its way; of each the first
	// are named.
	wrong, behind some
	// explained counts the rows that are behind by the fault that explains it.
	explained map[string]int64
}

// some counts, and keeps the first few.
type some struct {
	count int64
	first []string
}

func (s *some) add(format string, args ...any) {
	if s.count++; s.count <= namedRows {
		s.first = append(s.first, fmt.Sprintf(format, args...))
	}
}

// reported is what there is to say: with what is wrong for certain, what is behind may
// just not have been waited for.
func (d *differences) reported() some {
	if d.wrong.count > 0 {
		return d.wrong
	}
	return d.behind
}

func (d *differences) differing() int64 { return d.reported().count }

func (d *differences) err() error {
	s := d.reported()
	if s.count == 0 {
		return nil
	}
	return fmt.Errorf("%s differs in %d of %d rows: %s", d.what, s.count, d.rows, strings.Join(s.first, ", "))
}

// mayHeal tells whether some table is behind, and none is wrong for certain.
func mayHeal(held []*differences) bool {
	some := false
	for _, d := range held {
		if d.wrong.count > 0 {
			return false
		}
		some = some || d.behind.count > 0
	}
	return some
}

// holdOwner holds an owner's table against what the driver wrote: each key has at
// least the newest version that was acknowledged, none that was never issued, and the
// payload of its version. A version that was stored and not acknowledged is right: its
// answer was lost, or came too late.
func (r *run) holdOwner(owner string, rows []row) *differences {
	d := &differences{what: "the table of " + owner}
	keys := uint64(r.experiment.Keys)
	next := uint64(0)
	missing := func(until uint64) {
		for ; next < min(until, keys); next++ {
			d.rows++
			d.wrong.add("key %d is missing", next)
		}
	}
	for _, got := range rows {
		missing(got.key)
		d.rows++
		if next = got.key + 1; got.key >= keys {
			d.wrong.add("key %d was never written by this driver", got.key)
			continue
		}
		acknowledged, issued := r.book.Stored(owner, record.Key(got.key))
		switch {
		case got.version < acknowledged:
			d.wrong.add("key %d is version %d, and version %d was acknowledged", got.key, got.version, acknowledged)
		case got.version > issued:
			d.wrong.add("key %d is version %d, which was never written by this driver: somebody else writes to %s", got.key, got.version, owner)
		case got.hash != hashOf(record.Payload(owner, record.Key(got.key), got.version, int(r.experiment.Payload))):
			d.wrong.add("key %d, version %d, has another payload than was written", got.key, got.version)
		}
	}
	missing(keys)
	return d
}

// holdReplica holds a replica against its owner's table, which was read after it. Both
// are in the order of their keys.
func (r *run) holdReplica(of load.Replica, original, copied []row) *differences {
	d := &differences{what: fmt.Sprintf("the replica of %s in %s", of.Owner, of.Consumer), explained: make(map[string]int64)}
	behind := func(a row, format string, args ...any) {
		c := load.Change{Replica: of, Key: record.Key(a.key), Version: a.version}
		if why := r.explains(c); why != "" {
			d.explained[why]++
			return
		}
		d.behind.add(format, args...)
	}
	for len(original) > 0 || len(copied) > 0 {
		d.rows++
		if len(copied) == 0 || len(original) > 0 && original[0].key < copied[0].key {
			behind(original[0], "key %d is missing", original[0].key)
			original = original[1:]
			continue
		}
		b := copied[0]
		copied = copied[1:]
		if len(original) == 0 || b.key < original[0].key {
			d.wrong.add("key %d is not its owner's", b.key)
			continue
		}
		a := original[0]
		original = original[1:]
		r.tables.untold += r.lag.Held(of.Consumer, of.Owner, record.Key(b.key), b.version)
		switch {
		case b.version < a.version:
			behind(a, "key %d is version %d and not %d", a.key, b.version, a.version)
		case b.version > a.version:
			d.wrong.add("key %d is version %d and not %d", a.key, b.version, a.version)
		case b.hash != a.hash:
			d.wrong.add("key %d, version %d, has another payload", a.key, a.version)
		}
	}
	return d
}

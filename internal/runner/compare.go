package runner

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/internal/load"
	"crosstalk/internal/result"
	"crosstalk/internal/topology"
	"crosstalk/scenarios"
)

// comparison is what came of holding the databases against each other.
type comparison struct {
	result.Comparison
	// wrong names the rows that are not what they must be, and the changes that no
	// fault explains the loss of.
	wrong error
	// failed is why it could not be made, where it should have been.
	failed error
	// untold is how many changes are in the replicas of which no node told.
	untold int
}

// compare holds the table of each owner against what it has acknowledged, and each
// replica against its owner's table. What an owner has stored and not acknowledged may
// still be on its way to a replica, and a process that was killed at the end may not be
// back, so it looks again, for at most drainLimit. What cannot get right by waiting it
// says at once. Its error is ctx's.
func (r *run) compare(ctx context.Context) error {
	if r.attached() {
		r.tables.NotCompared = "the driver that prepared the nodes compares them"
		return nil
	}
	defer r.waiting("the databases to be compared")()
	limit := time.Now().Add(drainLimit)
	if r.lag.Unseen() > 0 {
		limit = time.Now() // that long was waited already
	}
	defer r.stage(Comparing, limit)()
	var skipped []string
	for _, owner := range r.experiment.Owners() {
		if len(r.nodes.of(owner)) == 0 {
			skipped = append(skipped, owner+" has no control")
			continue
		}
		held, err := r.settledTables(ctx, owner, limit)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.tables.failed = errors.Join(r.tables.failed, fmt.Errorf("the table of %s was not compared: %w", owner, err))
			skipped = append(skipped, oneLine(err))
			continue
		}
		r.addTables(held)
	}
	r.tables.NotCompared = strings.Join(skipped, "; ")
	r.judgeUnseen(ctx)
	return nil
}

// settledTables compares the tables of an owner's records, again until nothing
// differs that may yet get right, or until limit.
func (r *run) settledTables(ctx context.Context, owner string, limit time.Time) ([]*differences, error) {
	for {
		held, err := r.holdTables(ctx, owner)
		behind := err == nil && mayHeal(held)
		again := behind || err != nil && r.topology.Kind == topology.Children && isAway(err)
		switch over := time.Now().After(limit) || r.pulse.stuck(); {
		case !again || ctx.Err() != nil || over && !behind:
			return held, err
		case over:
			if err := r.learnPending(ctx, owner); err != nil {
				return nil, err
			}
			return r.holdTables(ctx, owner)
		}
		if err := load.Timer(ctx, time.Now().Add(20*time.Millisecond)); err != nil {
			return nil, err
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

// holdTables reads the replicas of an owner's records first, and then the owner's own
// table: by then it has whatever they have.
func (r *run) holdTables(ctx context.Context, owner string) ([]*differences, error) {
	type kept struct {
		of   load.Replica
		rows []row
	}
	var replicas []kept
	for _, c := range scenarios.Copies(r.scenario, r.experiment) {
		for _, keeper := range r.nodes.of(c.Consumer) {
			if c.Owner != owner || keeper.shares {
				continue
			}
			rows, err := keeper.table(ctx, c.Consumer, owner)
			if err != nil {
				return nil, err
			}
			replicas = append(replicas, kept{load.Replica{Consumer: keeper.replica(c.Consumer), Owner: owner}, rows})
		}
	}
	own, err := r.nodes.of(owner)[0].table(ctx, owner, owner)
	if err != nil {
		return nil, err
	}
	held := []*differences{r.holdOwner(owner, own)}
	for _, k := range replicas {
		held = append(held, r.holdReplica(k.of, own, k.rows))
	}
	return held, nil
}

// addTables adds what came of the tables of one owner's records.
func (r *run) addTables(held []*differences) {
	t := &r.tables
	for i, d := range held {
		if i == 0 {
			t.OwnerRows += d.rows
		} else {
			t.ReplicaRows += d.rows
		}
		t.Differing += d.differing()
		for fault, rows := range d.explained {
			t.explain(fault, rows, 0)
		}
		t.wrong = errors.Join(t.wrong, d.err())
	}
}

// explain counts rows that differ, and acknowledged changes that are not visible,
// against a fault.
func (t *comparison) explain(fault string, rows, changes int64) {
	for i := range t.Explained {
		if e := &t.Explained[i]; e.Fault == fault {
			e.Rows += rows
			e.Changes += changes
			return
		}
	}
	t.Explained = append(t.Explained, result.Explained{Fault: fault, Rows: rows, Changes: changes})
}

// judgeUnseen counts each acknowledged change that a replica does not show against the
// fault that explains it; one that no fault explains is lost.
func (r *run) judgeUnseen(ctx context.Context) {
	var lost []string
	n := 0
	for _, c := range r.lag.Left() {
		if why := r.explains(c); why != "" {
			r.tables.explain(why, 0, 1)
			continue
		}
		if n++; n <= namedRows {
			lost = append(lost, fmt.Sprintf("%s's replica of %s lacks version %d of key %d, acknowledged at %v", c.Consumer, c.Owner, c.Version, c.Key, round(c.At)))
		}
	}
	switch {
	case n == 0:
	case r.tables.failed != nil: // whether they are lost is not known
	default:
		r.tables.Lost = int64(n)
		r.tables.wrong = errors.Join(fmt.Errorf("%d acknowledged changes did not become visible, and no fault explains it: %s", n, strings.Join(lost, ", ")), r.tables.wrong)
	}
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

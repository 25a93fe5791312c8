package asyncreplicated

import (
	"context"
	"fmt"
	"maps"

	"crosstalk/internal/bus"
	"crosstalk/internal/record"
)

// pending returns what is not published. More than the queue takes is not listed.
func (r *relay) pending() (changes []record.Record, more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.queue {
		changes = append(changes, record.Record{Key: c.Record.Key, Version: c.Record.Version})
	}
	return changes, r.more
}

// Pending reads the supplier's topic, from where the copy is to its end.
func (r *replica) Pending(ctx context.Context) ([]record.Record, error) {
	client := r.consumer.Host().Env().Bus
	end, err := client.End(ctx, r.topic)
	if err != nil {
		return nil, err
	}
	next := r.progress.positions()
	if reaches(end)(next) {
		return nil, nil
	}
	rest := client.Subscribe(r.topic, next)
	defer rest.Close()
	var changes []record.Record
	for !reaches(end)(next) {
		batch, err := rest.Next(ctx)
		if err != nil {
			return nil, fmt.Errorf("the rest of the changes of %s: %w", r.supplier, err)
		}
		for _, d := range batch {
			next[d.Partition] = d.After
			if key, version, ok := versionOf(d.Event); ok {
				changes = append(changes, record.Record{Key: key, Version: version})
			}
		}
	}
	return changes, nil
}

// positions returns, by partition, the position after what is applied.
func (p *progress) positions() map[int]bus.Position {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := make(map[int]bus.Position)
	maps.Copy(next, p.next)
	return next
}

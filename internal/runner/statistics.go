package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"crosstalk/internal/counts"

	"google.golang.org/grpc/status"

	"crosstalk/internal/result"
	"crosstalk/internal/sys"
)

// statisticsLimit is for how long a process may read what it has counted: the sizes of
// its databases take the longest.
const statisticsLimit = 30 * time.Second

// statistics reads what every process has counted, added up. Those that were killed
// or stopped count with what they told before. missing names those that tell nothing:
// all are asked at once, and one that does not answer keeps no other one from it.
func (n *nodes) statistics(ctx context.Context) (sum counts.Process, missing error) {
	errs := make([]error, len(n.controls))
	var asking sync.WaitGroup
	for i, c := range n.controls {
		asking.Go(func() { errs[i] = c.readLast(ctx) })
	}
	asking.Wait()
	for i, c := range n.controls {
		if err := errs[i]; err != nil && len(c.earlier) == 0 { // else the run has ended while it was away
			missing = errors.Join(missing, fmt.Errorf("the statistics of %s are missing: %w", c.name(), err))
		}
		for _, s := range c.earlier {
			sum.Add(s)
			if s.Unsettled != "" {
				sum.Unsettled = strings.TrimPrefix(sum.Unsettled+"; "+c.name()+": "+s.Unsettled, "; ")
			}
		}
	}
	return sum, missing
}

// readLast reads what the process has counted in the end.
func (c *control) readLast(ctx context.Context) error {
	ctx, cancel := c.beat.within(ctx, statisticsLimit)
	defer cancel()
	now, err := c.client.Statistics(ctx, true)
	if err != nil {
		return cmp.Or(context.Cause(ctx), errors.New(status.Convert(err).Message()))
	}
	if c.shares {
		now.Collections = nil // the first copy has told of them
	}
	c.earlier = append(c.earlier, now)
	return nil
}

// processes tells of each process what it took. There are none where all of them are
// this one.
func (n *nodes) processes(driver time.Duration, sent int64) []result.Process {
	per1000 := func(cpu float64) float64 { return cpu / float64(max(sent, 1)) * 1000 }
	var out []result.Process
	for _, c := range n.controls {
		if len(c.earlier) == 0 {
			continue // it tells nothing
		}
		p := result.Process{Name: c.name(), Starts: int64(len(c.earlier))}
		for _, s := range c.earlier {
			if s.Usage == nil {
				return nil
			}
			p.CPUSecondsPer1000 += per1000(s.Usage.CPUSeconds)
			p.MaxResidentBytes = max(p.MaxResidentBytes, s.Usage.MaxResidentBytes)
			p.Served = addSeconds(p.Served, s.Served)
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		return nil
	}
	return append([]result.Process{{
		Name: "driver", Starts: 1, CPUSecondsPer1000: per1000(driver.Seconds()), MaxResidentBytes: sys.MaxResident(),
	}}, out...)
}

func addSeconds(sum []int64, served []counts.Served) []int64 {
	for _, s := range served {
		for i, n := range s.BySecond {
			for len(sum) <= i {
				sum = append(sum, 0)
			}
			sum[i] += n
		}
	}
	return sum
}

// stages puts a request's way together: how late it was sent, the call to the
// entry and back, and what the entry tells of the rest.
func stages(run *result.Run, entry string, told []counts.Stage) []result.Stage {
	var within []result.Stage
	sum := 0.0
	for _, s := range told {
		if s.Service != entry || s.Queries == 0 {
			continue
		}
		mean := s.Seconds / float64(s.Queries)
		sum += mean
		within = append(within, result.Stage{Name: nameOf(entry, s.Name), Mean: mean})
	}
	if len(within) == 0 {
		return nil
	}
	late := max(run.Latency.Mean-run.ServiceTime.Mean, 0)
	return append([]result.Stage{
		{Name: "schedule lateness", Mean: late},
		{Name: "call to " + entry, Mean: max(run.ServiceTime.Mean-sum, 0)},
	}, within...)
}

// nameOf says whose a stage is, where that is not the supplier's.
func nameOf(entry, stage string) string {
	switch stage {
	case "own work":
		return entry + "'s own work"
	case "look-up in its copy":
		return "look-up in " + entry + "'s copy"
	}
	return stage
}

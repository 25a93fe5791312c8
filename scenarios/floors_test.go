package scenarios_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// floors are all packages but benchmarks, examples and scripts. A package imports from
// lower floors alone, so that there is no cycle of ideas either.
var floors = []string{
	"fakesvc/fakesvcpb internal/arrival internal/clock internal/dist internal/seeded internal/setting internal/simnet internal/stats internal/sys internal/theory internal/tracing",
	"internal/bus internal/chart internal/fault internal/record",
	"internal/policy internal/schedule internal/store",
	"internal/counts internal/experiment",
	"internal/predict internal/result internal/telemetry",
	"fakesvc internal/impact internal/load internal/matrix internal/metric internal/verdict",
	"internal/compare internal/doctor internal/sweep scenarios/async-replicated scenarios/async-request scenarios/monolith scenarios/sync",
	"internal/merge internal/scale internal/threshold scenarios",
	"internal/report internal/topology",
	"internal/page internal/runner",
	"cmd/bench",
}

func TestFloors(t *testing.T) {
	floor := make(map[string]int)
	for n, packages := range floors {
		for _, p := range strings.Fields(packages) {
			floor["crosstalk/"+p] = n
		}
	}
	packages := list(t)
	for _, p := range packages {
		if slices.ContainsFunc([]string{"benchmarks", "examples", "scripts", "internal/result/resulttest"}, func(beside string) bool {
			return within(p.ImportPath, "crosstalk/"+beside)
		}) {
			continue
		}
		n, ok := floor[p.ImportPath]
		if !ok {
			t.Errorf("%s is on no floor", p.ImportPath)
		}
		for _, imported := range p.Imports {
			if at, ok := floor[imported]; ok && at >= n {
				t.Errorf("%s, on floor %d, imports %s of floor %d", p.ImportPath, n, imported, at)
			}
		}
	}
	for path := range floor {
		if !slices.ContainsFunc(packages, func(p listed) bool { return p.ImportPath == path }) {
			t.Errorf("%s is on a floor, and there is no such package", path)
		}
	}
}

func TestFloorsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for n, packages := range slices.Backward(floors) {
		fmt.Fprintf(&want, "| %d | `%s` |\n", n, strings.ReplaceAll(packages, " ", "`, `"))
	}
	if !strings.HasSuffix(string(page), want.String()) {
		t.Errorf("docs/architecture.md does not end with\n%s", want.String())
	}
}

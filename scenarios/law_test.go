package scenarios_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The import law: an arrow that is not allowed is an error here, whoever draws it.
func TestImportLaw(t *testing.T) {
	only := map[string][]string{ // what may be imported by these alone
		"github.com/segmentio/kafka-go":           {"crosstalk/internal/bus", "crosstalk/benchmarks/rig"},
		"github.com/twmb/franz-go":                {"crosstalk/internal/bus"},
		"gonum.org/v1/plot":                       {"crosstalk/internal/chart"},
		"github.com/prometheus/client_golang":     {"crosstalk/internal/telemetry"},
		"modernc.org/sqlite":                      {"crosstalk/internal/store"},
		"go.etcd.io/bbolt":                        {"crosstalk/internal/store"},
		"github.com/jackc/pgx":                    {"crosstalk/internal/store"},
		"github.com/HdrHistogram/hdrhistogram-go": {"crosstalk/internal/result", "crosstalk/internal/predict", "crosstalk/internal/compare", "crosstalk/internal/merge"},
		"github.com/failsafe-go":                  {"crosstalk/internal/policy"},
		"go.opentelemetry.io":                     {"crosstalk/internal/tracing"},
		"gonum.org/v1/gonum":                      {"crosstalk/internal/predict", "crosstalk/internal/stats", "crosstalk/internal/compare"},
		"github.com/spf13":                        {"crosstalk/cmd/bench"},
	}
	never := map[string][]string{ // what must not be imported by what begins so
		"crosstalk/scenarios": {"crosstalk/internal/load", "crosstalk/internal/stats", "crosstalk/internal/result", "crosstalk/internal/runner"},
		"crosstalk/fakesvc":   {"crosstalk/internal/load", "crosstalk/internal/stats", "crosstalk/internal/result", "crosstalk/internal/runner", "crosstalk/internal/experiment", "crosstalk/scenarios"},
		"crosstalk/internal":  {"crosstalk/cmd"},
		// Theory never measures, and the measurement never asks theory.
		"crosstalk/internal/predict": {"crosstalk/internal/result", "crosstalk/internal/load", "crosstalk/internal/runner"},
		"crosstalk/internal/load":    {"crosstalk/internal/predict"},
	}
	leafMayImport := []string{"crosstalk/internal/runner", "crosstalk/internal/topology"} // fakesvc and scenarios
	// An example is what someone else could have: of ours it has the protocol alone.
	exampleMayImport := []string{"crosstalk/fakesvc/fakesvcpb"}
	packages := list(t)
	if len(packages) < 15 {
		t.Fatalf("only %d packages are listed", len(packages))
	}
	for _, p := range packages {
		for _, imported := range p.Imports {
			for path, allowed := range only {
				if within(imported, path) && !slices.Contains(allowed, p.ImportPath) {
					t.Errorf("%s imports %s, which is for %v", p.ImportPath, imported, allowed)
				}
			}
			leaf := within(p.ImportPath, "crosstalk/internal") && !slices.Contains(leafMayImport, p.ImportPath)
			if leaf && (within(imported, "crosstalk/fakesvc") || within(imported, "crosstalk/scenarios")) {
				t.Errorf("%s is a leaf and imports %s", p.ImportPath, imported)
			}
			if within(p.ImportPath, "crosstalk/examples") && within(imported, "crosstalk") && !slices.Contains(exampleMayImport, imported) {
				t.Errorf("%s is an example and imports %s", p.ImportPath, imported)
			}
			other := within(p.ImportPath, "crosstalk/scenarios/") && within(imported, "crosstalk/scenarios")
			if other {
				t.Errorf("%s imports the scenario package %s", p.ImportPath, imported)
			}
		}
		for path, refused := range never {
			for _, dep := range p.Deps {
				if within(p.ImportPath, path) && slices.Contains(refused, dep) {
					t.Errorf("%s depends on %s", p.ImportPath, dep)
				}
			}
		}
	}
}

func within(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, strings.TrimSuffix(prefix, "/")+"/")
}

type listed struct {
	ImportPath    string
	Imports, Deps []string
}

func list(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "crosstalk/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

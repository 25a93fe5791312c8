//go:build long

// It builds the program, which with the race detector takes longer than all that it does.

package runner

import (
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"crosstalk/fakesvc"
	"crosstalk/internal/load"
	"crosstalk/internal/telemetry"
	"crosstalk/internal/topology"
	"crosstalk/scenarios"
)

// Each request is one trace over processes as well, each of which exports its own spans and
// serves its own metrics.
func TestProcessesAreSeen(t *testing.T) {
	program := filepath.Join(t.TempDir(), "bench")
	if out, err := exec.Command("go", "build", "-o", program, "crosstalk/cmd/bench").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for scenario, want := range spansOf {
		t.Run(scenario, func(t *testing.T) {
			g, address := collect(t)
			s, _ := scenarios.ByName(scenario)
			var told [][]topology.Scraped
			scraped := make(map[string]string)
			run, err := Run(t.Context(), s, traced(t, "placement", "process"), t.TempDir(), Options{
				Env:   fakesvc.Env{Listen: net.Listen, Dial: (&net.Dialer{}).DialContext},
				Pacer: load.Precise, OTLP: address, Command: []string{program}, Metrics: telemetry.New(), Name: "r",
				Scraped: func(of string, children []topology.Scraped) error {
					if told = append(told, children); of != scenario {
						t.Errorf("told of %s", of)
					}
					for _, c := range children {
						scraped[c.Name] = scrapeAt(t, c.Address)
					}
					return nil
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			g.check(t, run, want)
			if len(told) != 2 || len(told[1]) != 0 {
				t.Errorf("told %v, want the children and then none", told)
			}
			if len(scraped) != len(run.Processes)-1 {
				t.Errorf("%d are scraped of %d processes, of which one is the driver", len(scraped), len(run.Processes))
			}
			for name, text := range scraped {
				if want := `crosstalk_served_requests_total{code="OK",run="r",scenario="` + scenario + `",service="` + name + `"}`; !strings.Contains(text, want) {
					t.Errorf("%s does not serve %s:\n%s", name, want, text)
				}
			}
		})
	}
}

func scrapeAt(t *testing.T, address string) string {
	t.Helper()
	response, err := http.Get("http://" + address + telemetry.Path)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

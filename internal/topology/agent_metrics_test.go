package topology

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/telemetry"
)

// A node that is again what it was started as after each run of a driver shows all of
// its metrics, during each run and after it.
func TestMetricsOverManyRuns(t *testing.T) {
	a, own := newAgent(t)
	own.Prefix, own.Run = "own", "own"
	a.Own, a.Metrics = &own, telemetry.New()
	shows := func(runs ...string) {
		t.Helper()
		answer := httptest.NewRecorder()
		a.Metrics.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, telemetry.Path, nil))
		if answer.Code != http.StatusOK {
			t.Fatalf("%d: %.300s", answer.Code, answer.Body)
		}
		for _, run := range runs {
			if want := fmt.Sprintf(`crosstalk_served_requests_total{code="OK",run=%q`, run); !strings.Contains(answer.Body.String(), want) {
				t.Errorf("%s is not there", want)
			}
		}
	}
	isOwn := func() bool {
		n := a.node.Load()
		return n != nil && n.prefix == "own"
	}
	c := control{agent: a}
	a.own(t.Context())
	shows("own")
	for i := range 20 {
		run := fmt.Sprintf("results/%d", i)
		_, err := c.Prepare(t.Context(), &fakesvcpb.PrepareRequest{
			Experiment: "{keys: 10, store: memory}", Scenario: "sync", Service: "A", Prefix: fmt.Sprintf("run-%d", i), Run: run,
		})
		if err != nil {
			t.Fatal(err)
		}
		shows("own", run)
		if _, err := c.Release(t.Context(), &fakesvcpb.ReleaseRequest{}); err != nil {
			t.Fatal(err)
		}
		for limit := time.Now().Add(10 * time.Second); !isOwn(); time.Sleep(time.Millisecond) {
			if time.Now().After(limit) {
				t.Fatal("the node is not again what it was started as")
			}
		}
		shows("own", run)
	}
}

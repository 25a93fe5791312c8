package predict

import (
	"reflect"
	"testing"

	"crosstalk/internal/experiment"
	"crosstalk/internal/theory"
)

// A process that is killed is away as in an outage; one of several copies is not
// missed, but for the monolith, which has none.
func TestASignalIsAnOutage(t *testing.T) {
	in := func(scenario string, settings ...string) theory.Prediction {
		e := experiment.Default()
		for i := 0; i < len(settings); i += 2 {
			if err := e.Set(settings[i], settings[i+1]); err != nil {
				t.Fatal(err)
			}
		}
		p, err := Of(t.Context(), &e, scenario, Options{})
		if err != nil {
			t.Fatal(err)
		}
		p.Why = ""
		return p
	}
	of := func(settings ...string) theory.Prediction { return in("sync", settings...) }
	outage := of("fault", "B:outage@2s+1s")
	for _, kind := range []string{"kill", "stop"} {
		if got := of("fault", "B:"+kind+"@2s+1s", "placement", "process"); !reflect.DeepEqual(got, outage) {
			t.Errorf("%s: %+v, want %+v", kind, got, outage)
		}
	}
	if outage.ErrorRate == 0 {
		t.Error("an outage is not felt")
	}
	if got := of("fault", "B:kill@2s+1s", "placement", "process", "replicas", "B=2"); !reflect.DeepEqual(got, of()) {
		t.Errorf("with another copy: %+v, want %+v", got, of())
	}
	outage = in("monolith", "fault", "B:outage@2s+1s")
	if got := in("monolith", "fault", "B:kill@2s+1s", "placement", "process", "replicas", "B=2"); !reflect.DeepEqual(got, outage) {
		t.Errorf("in the monolith: %+v, want %+v", got, outage)
	}
}

package experiment

import (
	"strings"
	"testing"
)

func TestPlacement(t *testing.T) {
	for _, c := range []struct {
		settings []string
		want     string // empty: it is allowed
	}{
		{[]string{"fault", "B:kill@1s+1s"}, "fault: B:kill@1s+1s is done to a process: it needs --placement=process"},
		{[]string{"fault", "B:stop@1s+1s", "placement", "process"}, ""},
		{[]string{"fault", "B:kill@1s+1s", "placement", "process", "store", "memory"}, "fault: B:kill@1s+1s would lose what B has: its database is in memory"},
		{[]string{"fault", "D:kill@1s+1s", "placement", "process", "store", "memory"}, ""},
		{[]string{"scenario", "sync,monolith", "fault", "D:kill@1s+1s", "placement", "process", "store", "memory"}, "fault: D:kill@1s+1s would lose what A, B, C have: in monolith their database is that of D, in memory"},
		{[]string{"scenario", "monolith", "fault", "B:kill@1s+1s", "placement", "process", "store", "D=memory"}, "fault: B:kill@1s+1s would lose what A, B, C have"},
		{[]string{"scenario", "monolith", "fault", "B:kill@1s+1s", "placement", "process", "store", "B=memory"}, ""},
		{[]string{"scenario", "monolith", "fault", "D:kill@1s+1s", "placement", "process", "store", "D=bbolt"}, ""},
		{[]string{"fault", "bus:kill@1s+1s", "placement", "process", "kafka", "h:9092"}, "fault: bus:kill@1s+1s is done to the embedded broker"},
		{[]string{"fault", "B:kill@1s+1s; B:stop@1500ms+1s", "placement", "process"}, "fault: B:kill@1s+1s and B:stop@1.5s+1s overlap"},
		{[]string{"fault", "B:kill@1s+1s; B:stop@2s+1s", "placement", "process"}, ""},
		{[]string{"replicas", "A=3"}, "replicas: 3 copies of A are processes"},
		{[]string{"replicas", "A=3", "placement", "process"}, ""},
		{[]string{"replicas", "A=0"}, "replicas: 0 copies of A are none: there is at least one"},
		{[]string{"replicas", "0", "placement", "process"}, "are none: there is at least one"},
		{[]string{"replicas", "A=1"}, ""},
		{[]string{"replicas", "A=65", "placement", "process"}, "replicas: 65 copies of A are above 64"},
		{[]string{"replicas", "A=2", "placement", "process", "store", "A=memory"}, "replicas: copies of A share its database, which memory does not let them"},
		{[]string{"replicas", "D=2", "placement", "process", "store", "D=memory"}, ""},
		{[]string{"scenario", "sync,monolith", "replicas", "D=2", "placement", "process"}, "replicas: copies of D have the tables of A, B, C in monolith, and each has a sqlite database of its own"},
		{[]string{"scenario", "monolith", "replicas", "D=2", "placement", "process", "store", "postgres://u@h/d"}, ""},
		{[]string{"replicas", "X=2", "placement", "process"}, `replicas: there is no service "X"`},
	} {
		e := Default()
		for i := 0; i < len(c.settings); i += 2 {
			if err := e.Set(c.settings[i], c.settings[i+1]); err != nil {
				t.Fatal(err)
			}
		}
		if len(e.Scenario) == 0 {
			e.Scenario = []string{"sync"}
		}
		err := e.Validate([]string{"sync", "monolith"}, func(scenario string) bool { return scenario == "sync" })
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%v is refused: %v", c.settings, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%v: %v, want %s", c.settings, err, c.want)
		}
	}
}

func TestSuppliersFirst(t *testing.T) {
	var names []string
	e := Default()
	e.Services[1].Needs = []Need{{Service: "C"}} // A needs C, which stands behind it
	for _, s := range e.SuppliersFirst() {
		names = append(names, s.Name)
	}
	if got := strings.Join(names, " "); got != "C A B D" {
		t.Errorf("%s, want C A B D", got)
	}
}

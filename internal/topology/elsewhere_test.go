package topology

import (
	"testing"

	"crosstalk/internal/experiment"
	"crosstalk/scenarios"
)

// Nodes with a database each are copies of an owner only where nothing is written.
func TestMayBeCopies(t *testing.T) {
	for _, c := range []struct {
		service, store, writes string
		copies                 int
		ok                     bool
	}{
		{"B", "sqlite", "10%", 2, false},
		{"B", "sqlite", "1", 2, false},
		{"B", "memory", "10%", 2, false},
		{"B", "sqlite", "10%", 1, true},
		{"B", "sqlite", "0", 3, true},
		{"B", "postgres://u@h/d", "10%", 3, true},
		{"D", "sqlite", "10%", 3, true},
	} {
		e := experiment.Default()
		for name, value := range map[string]string{"store": c.store, "write-rate": c.writes} {
			if err := e.Set(name, value); err != nil {
				t.Fatal(err)
			}
		}
		service, _ := e.Service(c.service)
		process := scenarios.Process{Name: c.service, Services: []experiment.Service{service}}
		if err := MayBeCopies(process, &e, c.copies); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

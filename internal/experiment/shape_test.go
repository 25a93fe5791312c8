package experiment

import (
	"slices"
	"strings"
	"testing"
)

func TestShape(t *testing.T) {
	e := Default()
	for _, c := range []struct {
		name, value   string
		width, depth  int
		services      int
		entry, owners string
	}{
		{Upstreams, "2", 2, 1, 3, "D", "S1 S2"},
		{Depth, "3", 2, 3, 15, "D", "S1 S2 S3 S4 S5 S6 S7 S8 S9 S10 S11 S12 S13 S14"},
		{Upstreams, "1", 1, 3, 4, "D", "S1 S2 S3"},
		{Depth, "1", 1, 1, 2, "D", "S1"},
	} {
		if err := e.Set(c.name, c.value); err != nil {
			t.Fatal(err)
		}
		if err := e.Validate(nil, func(string) bool { return true }); err != nil {
			t.Errorf("%s=%s: %v", c.name, c.value, err)
		}
		entry := e.Entry()
		if len(e.Services) != c.services || entry.Name != c.entry || len(entry.Needs) != c.width || e.depth(entry) != c.depth || strings.Join(e.Owners(), " ") != c.owners {
			t.Errorf("%s=%s: %+v", c.name, c.value, e.Services)
		}
	}
	for _, c := range [][3]string{
		{Upstreams, "0", `upstreams: "0" is not a whole number from 1 to 256`},
		{Depth, "x", `depth: "x" is not a whole number`},
		{Depth, "257", `depth: "257" is not a whole number`},
		{"dept", "1", `dept: there is no such setting: did you mean depth?`},
	} {
		if err := e.Set(c[0], c[1]); err == nil || !strings.HasPrefix(err.Error(), c[2]) {
			t.Errorf("%s=%s: %v", c[0], c[1], err)
		}
	}
	if err := e.Set(Upstreams, "16"); err != nil {
		t.Fatal(err)
	}
	before := slices.Clone(e.Services)
	if err := e.Set(Depth, "2"); err == nil || err.Error() != "depth: 16 upstreams each, 2 deep, are more than 256 services" {
		t.Errorf("%v", err)
	}
	if len(e.Services) != len(before) {
		t.Error("the graph was changed all the same")
	}
}

func TestDifferences(t *testing.T) {
	a, b := Default(), Default()
	if names, err := a.Differences(&b); err != nil || len(names) > 0 {
		t.Errorf("%v, %v", names, err)
	}
	for _, s := range []struct{ name, value string }{{"rate", "7/s"}, {"seed", "9"}, {Upstreams, "2"}} {
		if err := b.Set(s.name, s.value); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := a.Differences(&b); err != nil || strings.Join(names, " ") != "rate seed services" {
		t.Errorf("%v, %v", names, err)
	}
}

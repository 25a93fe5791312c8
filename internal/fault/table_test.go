package fault

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of the documentation")

// Each kind says all that the others ask of it, and acts in some way.
func TestTable(t *testing.T) {
	seen := make(map[Kind]bool)
	for _, d := range Table {
		acts := 0
		for _, is := range []bool{d.Inject != nil || d.Event != nil, d.Act != nil, d.Signal != 0} {
			if is {
				acts++
			}
		}
		if acts != 1 || d.Kind == "" || seen[d.Kind] || d.Doc == "" || len(d.Parts) == 0 {
			t.Errorf("%+v: it acts in %d ways", d, acts)
		}
		if windowed := d.Act != nil || d.Signal != 0; windowed != (d.Argument == Windowed) {
			t.Errorf("%s acts for a window: %t, and its argument is %d", d.Kind, windowed, d.Argument)
		}
		if d.LosesEvents && d.Event == nil || d.Event != nil && d.Inject != nil {
			t.Errorf("%s: what it does to events is not clear", d.Kind)
		}
		seen[d.Kind] = true
		for part, value := range d.Parts {
			if (value == "") != (d.Argument == Windowed) {
				t.Errorf("%s: the matrix gives it the value %q", d.Kind, value)
			}
			if d.Signal != 0 {
				continue
			}
			var f Fault
			if err := f.UnmarshalText([]byte(exampleOf[part] + ":" + d.Probe(part) + "@1s+1s")); err != nil {
				t.Errorf("the matrix cannot ask for it: %v", err)
			}
		}
	}
}

var exampleOf = map[Part]string{Service: "A", Store: "D.store", Bus: "bus", Events: "A.events"}

// The documentation and the schema of run.json know each kind.
func TestDocumentedTable(t *testing.T) {
	const path, first = "../../docs/faults-and-policies.md", "| target | kind | value | what it does |\n|---|---|---|---|\n"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), first)
	if !ok {
		t.Fatalf("%s has no table of the faults", path)
	}
	rows, after, _ := strings.Cut(rest, "\n\n")
	if want := documented(); rows+"\n" != want {
		if *update {
			if err := os.WriteFile(path, []byte(before+first+want+"\n"+after), 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		t.Errorf("%s has\n%s\nwant\n%s(go test ./internal/fault -update writes it)", path, rows, want)
	}
}

// documented returns the table's rows, sorted by what is hit.
func documented() string {
	values := map[Argument]string{
		Windowed: "window", Ratio: "`1%`", Distribution: "a [distribution](#distributions)",
		Codes: "`5%`, `UNAVAILABLE:5%,INTERNAL:1%`", Factor: "`10`",
	}
	var b strings.Builder
	for _, target := range []struct {
		part Part
		name string
	}{{Service, "`A` … `D`, or `*` for all upstreams"}, {Bus, "`bus`"}, {Store, "`A.store`, `D.store`"}, {Events, "`A.events`"}} {
		name := target.name + " "
		for _, d := range Table {
			if !d.Hits(target.part) {
				continue
			}
			doc := d.Doc
			if other, ok := d.Docs[target.part]; ok {
				doc = other
			}
			fmt.Fprintf(&b, "| %s| `%s` | %s | %s |\n", name, d.Kind, values[d.Argument], doc)
			name = ""
		}
	}
	return b.String()
}

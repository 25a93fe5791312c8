package report

import (
	"bytes"
	"encoding/csv"
	"slices"
	"testing"

	"crosstalk/internal/result"
)

func TestCSVSaysWhatWasInterrupted(t *testing.T) {
	var out bytes.Buffer
	run := result.Run{Requests: result.Requests{Interrupted: 17}, Writes: result.Writes{Interrupted: 5}}
	if err := CSV(&out, []Found{{Run: run}}); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"interrupted": "17", "writes_interrupted": "5"} {
		if i := slices.Index(lines[0], name); i < 0 || lines[1][i] != want {
			t.Errorf("no column %s of %s: %v", name, want, lines)
		}
	}
}

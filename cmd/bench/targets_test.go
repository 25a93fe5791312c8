package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"crosstalk/internal/topology"
)

func TestTargets(t *testing.T) {
	out := t.TempDir()
	var stderr bytes.Buffer
	tell := targets(filepath.Join(out, "20260101-000000.000"), &stderr)
	if err := tell("sync", []topology.Scraped{{Name: "A", Address: "127.0.0.1:1001"}, {Name: "A/1", Address: "127.0.0.1:1002"}}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(out, "targets-20260101-000000.000-sync.json")
	text, err := os.ReadFile(path)
	want := `[
  {
    "targets": [
      "127.0.0.1:1001"
    ],
    "labels": {
      "process": "A"
    }
  },
  {
    "targets": [
      "127.0.0.1:1002"
    ],
    "labels": {
      "process": "A/1"
    }
  }
]
`
	if err != nil || string(text) != want {
		t.Errorf("%v, %s", err, text)
	}
	if got := stderr.String(); got != "metrics: http://127.0.0.1:1001/metrics (A)\nmetrics: http://127.0.0.1:1002/metrics (A/1)\n" {
		t.Errorf("stderr is %q", got)
	}
	if err := tell("sync", nil); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(out); err != nil || len(left) != 0 {
		t.Errorf("%v, %v are left", err, left)
	}
}

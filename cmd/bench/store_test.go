package main

import (
	"context"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crosstalk/internal/result"
)

func TestAPasswordIsNotRepeated(t *testing.T) {
	for _, url := range []string{"postgres://u:geheim@h/db", "postgres://u@h/db?password=geheim", "postgres://h/db?sslpassword=geheim&a=b"} {
		code, _, stderr := bench(t, t.Context(), "run", "--store=B="+url)
		if code != exitUsage || strings.Contains(stderr, "geheim") || !strings.Contains(stderr, "PGPASSWORD") || !strings.Contains(stderr, "--store") {
			t.Errorf("%s: exit code %d, %s", url, code, stderr)
		}
	}
}

func TestADatabaseThatIsNotThere(t *testing.T) {
	code, _, stderr := bench(t, t.Context(), "run", "--scenario=sync", "--out="+t.TempDir(), "--store=B=postgres://u@127.0.0.1:1/db")
	if line := lastLine(stderr); code != exitFailed || !strings.HasPrefix(line, "bench: start sync: --store=B=postgres://u@127.0.0.1:1/db: ") ||
		!strings.HasSuffix(line, "connection refused") {
		t.Errorf("exit code %d, %s", code, line)
	}
}

// A run with a database elsewhere: what is kept of it says which kind it was, and
// the database is as it was before, also where the run is interrupted.
func TestARunWithPostgres(t *testing.T) {
	url := os.Getenv("CROSSTALK_POSTGRES")
	if url == "" {
		t.Skip("there is no PostgreSQL: set CROSSTALK_POSTGRES, by scripts/postgres")
	}
	for name, limit := range map[string]time.Duration{"whole": time.Minute, "interrupted": 1500 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			out := t.TempDir()
			ctx, interrupt := context.WithCancel(t.Context())
			time.AfterFunc(limit, interrupt)
			defer interrupt()
			code, _, stderr := bench(t, ctx, "run", "--scenario=async-replicated", "--duration=3s", "--warmup=500ms", "--rate=100/s",
				"--out="+out, "--store=sqlite,B="+url)
			if want := map[string]int{"whole": exitOK, "interrupted": exitInterrupted}[name]; code != want && code != exitInvalid {
				t.Fatalf("exit code %d, want %d: %s", code, want, stderr)
			}
			files, _ := filepath.Glob(filepath.Join(out, "*", "async-replicated", "run.json"))
			if len(files) != 1 {
				t.Fatalf("%d runs: %s", len(files), stderr)
			}
			text, err := os.ReadFile(files[0])
			if err != nil || !strings.Contains(string(text), `"B": "postgres"`) {
				t.Errorf("the run does not say that B's database is PostgreSQL, error %v", err)
			}
			if left := schemas(t, url); len(left) > 0 {
				t.Errorf("schemas are left: %q", left)
			}
		})
	}
}

// A whole run, from the start to the comparison of the databases, does with one connection
// of each service: nothing holds one while it waits for another.
func TestARunWithPostgresOverOneConnection(t *testing.T) {
	url := os.Getenv("CROSSTALK_POSTGRES")
	if url == "" {
		t.Skip("there is no PostgreSQL: set CROSSTALK_POSTGRES, by scripts/postgres")
	}
	separator := "?"
	if strings.Contains(url, "?") {
		separator = "&"
	}
	out := t.TempDir()
	code, _, stderr := bench(t, t.Context(), "run", "--scenario=async-replicated,monolith", "--duration=2s", "--warmup=200ms", "--rate=50/s",
		"--keys=50", "--latency=1ms", "--out="+out, "--store="+url+separator+"pool_max_conns=1")
	for _, scenario := range []string{"async-replicated", "monolith"} {
		r, err := result.Load(filepath.Join(finished(t, out, code, stderr), scenario))
		if err != nil {
			t.Fatal(err)
		}
		replicas := map[string]int64{"async-replicated": 150, "monolith": 0}[scenario]
		if c := r.Comparison; c.OwnerRows != 150 || c.ReplicaRows != replicas || !c.Clean() || r.Requests.Succeeded != r.Requests.Due || r.Writes.Acknowledged != r.Writes.Due {
			t.Errorf("%s: %+v, %+v, %+v, %s", scenario, c, r.Requests, r.Writes, r.Warnings)
		}
	}
	if left := schemas(t, url); len(left) > 0 {
		t.Errorf("schemas are left: %q", left)
	}
}

// schemas lists those of runs of this process.
func schemas(t *testing.T, url string) []string {
	t.Helper()
	query := fmt.Sprintf(`SELECT nspname FROM pg_namespace WHERE nspname ~ '^crosstalk-[a-z-]+-[0-9]+-%d-'`, os.Getpid())
	out, err := osexec.Command("psql", url, "-AtXc", query).CombinedOutput()
	if err != nil {
		t.Fatalf("psql: %v: %s", err, out)
	}
	return strings.Fields(string(out))
}

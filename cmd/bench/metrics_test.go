//go:build long

package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// The metrics are there from the beginning of the command to its end, and each run of
// a command has a name of its own in them.
func TestMetrics(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, c := range []struct {
		args []string
		want []string
	}{
		{brief("--scenario=sync"), []string{"\ncrosstalk_driver_requests_total{"}},
		{
			append([]string{"sweep", "--vary=fail-rate=0,0.5", "--repeat=2", "--scenario=sync"}, brief()[1:]...),
			[]string{`/fail-rate=0/1",scenario="sync"`, `/fail-rate=0/2",scenario="sync"`, `/fail-rate=0.5/1",scenario="sync"`, `/fail-rate=0.5/2",scenario="sync"`},
		},
		{
			[]string{"matrix", "--fault-length=100ms", "--rest=100ms", "--warmup=0s", "--rate=20", "--scenario=sync,monolith"},
			[]string{`crosstalk_fault_active{`, `scenario="sync"`, `scenario="monolith"`},
		},
	} {
		t.Run(c.args[0], func(t *testing.T) { scrapes(t, append(c.args, "--metrics=127.0.0.1:0"), c.want) })
	}
}

// scrapes runs a command, and scrapes it until all is there that is wanted.
func scrapes(t *testing.T, args, want []string) {
	t.Helper()
	said, stderr := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- exec(context.Background(), args, io.Discard, stderr)
		stderr.Close()
	}()
	lines := bufio.NewReader(said)
	first, err := lines.ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(first), "metrics: ")
	if err != nil || !ok {
		t.Fatalf("%q, %v", first, err)
	}
	go io.Copy(io.Discard, lines)
	for missing := want; len(missing) > 0; time.Sleep(10 * time.Millisecond) {
		response, err := http.Get(url)
		if err != nil {
			t.Fatalf("%q is not there by the end: %v", missing, err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s, %v: %s", response.Status, err, body)
		}
		missing = slices.DeleteFunc(slices.Clone(missing), func(w string) bool { return strings.Contains(string(body), w) })
	}
	if code := <-ended; code != exitOK && code != exitInvalid {
		t.Errorf("exit code %d", code)
	}
	if _, err := http.Get(url); err == nil {
		t.Error("they are there after the end")
	}
}

func TestMetricsCannotBeServed(t *testing.T) {
	t.Chdir(t.TempDir())
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, address := range []string{"9464", taken.Addr().String()} {
		code, stdout, stderr := bench(t, t.Context(), brief("--metrics="+address)...)
		if code != exitUsage || stdout != "" || !strings.HasPrefix(stderr, "bench: --metrics: ") {
			t.Errorf("%s: exit code %d, %q, %q", address, code, stdout, stderr)
		}
	}
}

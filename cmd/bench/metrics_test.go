package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// The metrics are there from the beginning of the command to its end.
func TestMetrics(t *testing.T) {
	t.Chdir(t.TempDir())
	said, stderr := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- exec(context.Background(), brief("--scenario=sync", "--metrics=127.0.0.1:0"), io.Discard, stderr)
		stderr.Close()
	}()
	lines := bufio.NewReader(said)
	first, err := lines.ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(first), "metrics: ")
	if err != nil || !ok {
		t.Fatalf("%q, %v", first, err)
	}
	go io.Copy(io.Discard, lines)
	for scraped := ""; !strings.Contains(scraped, "\ncrosstalk_driver_requests_total{"); {
		response, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s, %v", response.Status, err)
		}
		scraped = string(body)
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

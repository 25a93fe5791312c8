//go:build ignore

// Checkrun holds run.json files against their schema, and a run's other files
// against it: go run scripts/checkrun.go RUN_FOLDER...
package main

import (
	"fmt"
	"os"

	"crosstalk/internal/result"
)

func main() {
	code := 0
	for _, dir := range os.Args[1:] {
		run, err := result.Load(dir)
		if err == nil && run.Requests.Succeeded == 0 {
			err = fmt.Errorf("%s: no request succeeded", dir)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
			continue
		}
		fmt.Printf("%s: %s, %d requests, p50 %.3f ms, p99 %.3f ms\n", run.Scenario, run.Verdict,
			run.Requests.Sent, run.Run.Latency.P50*1e3, run.Run.Latency.P99*1e3)
	}
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "no run folder was named")
		code = 2
	}
	os.Exit(code)
}

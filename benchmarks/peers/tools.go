package main

import (
	"encoding/json"
	"errors"
	"time"
)

// place is where all of them are run.
type place struct {
	address           string
	length            time.Duration
	self, ghz, fortio string
}

const check = "grpc.health.v1.Health/Check"

// closed is a loop of 64 on one connection.
func (p place) closed() []tool {
	return []tool{
		p.ours("driver", "0"),
		p.ours("bare", "0"),
		{"ghz", []string{p.ghz, "--insecure", "--call=" + check, "--data={}", "--concurrency=64", "--connections=1",
			"--duration=" + p.length.String(), "--duration-stop=wait", "--format=json", p.address}, readGhz},
		{"fortio", []string{p.fortio, "load", "-grpc", "-c=1", "-s=64", "-qps=0", "-t=" + p.length.String(),
			"-json=-", "-quiet", "-p=99", p.address}, readFortio},
	}
}

// open is constant arrivals at 1,000/s.
func (p place) open() []tool {
	return []tool{
		p.ours("driver", "1000"),
		{"ghz --async", []string{p.ghz, "--insecure", "--call=" + check, "--data={}", "--async", "--rps=1000",
			"--concurrency=64", "--connections=1", "--duration=" + p.length.String(), "--duration-stop=wait", "--format=json", p.address}, readGhz},
		{"fortio", []string{p.fortio, "load", "-grpc", "-c=1", "-s=64", "-qps=1000", "-t=" + p.length.String(),
			"-json=-", "-quiet", "-p=99", p.address}, readFortio},
	}
}

func (p place) ours(role, rate string) tool {
	return tool{role, []string{p.self, role, p.address, rate, p.length.String()}, readOurs}
}

func readOurs(stdout []byte) (int64, float64, float64, error) {
	var told outcome
	err := json.Unmarshal(stdout, &told)
	return told.Requests, told.Seconds, told.P99, err
}

// readGhz reads its JSON report, whose times are in nanoseconds.
func readGhz(stdout []byte) (int64, float64, float64, error) {
	var told struct {
		Count   int64            `json:"count"`
		Total   int64            `json:"total"`
		Codes   map[string]int64 `json:"statusCodeDistribution"`
		Latency []struct {
			Percentage int   `json:"percentage"`
			Latency    int64 `json:"latency"`
		} `json:"latencyDistribution"`
	}
	if err := json.Unmarshal(stdout, &told); err != nil {
		return 0, 0, 0, err
	}
	if told.Codes["OK"] == 0 {
		return 0, 0, 0, errors.New("no call succeeded")
	}
	for _, l := range told.Latency {
		if l.Percentage == 99 {
			return told.Count, float64(told.Total) / 1e9, float64(l.Latency) / 1e9, nil
		}
	}
	return 0, 0, 0, errors.New("it reports no p99")
}

// readFortio reads its JSON report, whose durations are in nanoseconds and whose
// percentiles are in seconds.
func readFortio(stdout []byte) (int64, float64, float64, error) {
	var told struct {
		ActualDuration    int64
		RetCodes          map[string]int64
		DurationHistogram struct {
			Count       int64
			Percentiles []struct{ Percentile, Value float64 }
		}
	}
	if err := json.Unmarshal(stdout, &told); err != nil {
		return 0, 0, 0, err
	}
	if told.RetCodes["SERVING"] == 0 {
		return 0, 0, 0, errors.New("no call succeeded")
	}
	h := told.DurationHistogram
	if len(h.Percentiles) == 0 {
		return 0, 0, 0, errors.New("it reports no p99")
	}
	return h.Count, float64(told.ActualDuration) / 1e9, h.Percentiles[0].Value, nil
}

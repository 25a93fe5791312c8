package benchmarks

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"

	"crosstalk/benchmarks/rig"
)

func BenchmarkAblate(b *testing.B) {
	echo := startEcho(b)
	bare := dialBare(b, echo.Address)
	run := func(f func(n int64) error) rig.Cost {
		return rig.Measure(func() int64 {
			n, err := rig.Loop(64, slice, f)
			if err != nil {
				b.Fatal(err)
			}
			return n
		})
	}
	var dl, md rig.Ratios
	var al [3]float64
	for b.Loop() {
		base := run(func(n int64) error { return bare.Query(context.Background(), uint64(n)%rig.Keys) })
		d := run(func(n int64) error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			return bare.Query(ctx, uint64(n)%rig.Keys)
		})
		m := run(func(n int64) error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			ctx = metadata.AppendToOutgoingContext(ctx, "traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
			return bare.Query(ctx, uint64(n)%rig.Keys)
		})
		al = [3]float64{base.AllocsPerOp(), d.AllocsPerOp(), m.AllocsPerOp()}
		dl.Add(d.CPUPerOp(), base.CPUPerOp())
		md.Add(m.CPUPerOp(), base.CPUPerOp())
	}
	b.ReportMetric(dl.Median(), "deadline-ratio")
	b.ReportMetric(md.Median(), "deadline+trace-ratio")
	b.ReportMetric(dl.Ours(), "dl-ns")
	b.ReportMetric(dl.Theirs(), "bare-ns")
	b.ReportMetric(md.Ours(), "md-ns")
	b.ReportMetric(al[0], "al0")
	b.ReportMetric(al[1], "al1")
	b.ReportMetric(al[2], "al2")
}

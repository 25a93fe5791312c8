package telemetry

import (
	"testing"
	"time"
)

// What a call costs where metrics are off, and where they are on: with one
// goroutine, and with all cores on the same handle.
func BenchmarkCall(b *testing.B) {
	for name, m := range map[string]*Metrics{"off": nil, "on": New()} {
		c := m.Run("sync", "r").Needs("D", "A", "sync")
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.End(c.Begin(), nil)
			}
		})
		b.Run(name+"/parallel", func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					c.End(c.Begin(), nil)
				}
			})
		})
	}
}

func BenchmarkDriver(b *testing.B) {
	for name, m := range map[string]*Metrics{"off": nil, "on": New()} {
		d := m.Run("sync", "r").Driver("unjudged", "correct")
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d.Add(Answer{Sent: time.Millisecond, Done: 2 * time.Millisecond, Judgement: 1})
			}
		})
	}
}

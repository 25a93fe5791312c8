package telemetry

import (
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
)

var buildInfo = Family{
	"crosstalk_build_info", Gauge, "What this program was built from; always 1.", []string{"revision", "go_version"},
}

func build() prometheus.Collector {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: buildInfo.Name, Help: buildInfo.Help}, buildInfo.Labels)
	g.WithLabelValues(revision(), runtime.Version()).Set(1)
	return g
}

// revision is unknown where the build did not note it, as in go run.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return "unknown"
}

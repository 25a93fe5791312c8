package telemetry

import (
	"crosstalk/internal/counts"
	"crosstalk/internal/fault"
)

var (
	faultInteractions = ofRun(Counter, "crosstalk_fault_interactions_total",
		"Uses that arrived at a fault.", "service", "target", "kind", "code", "window")
	faultDelivered = ofRun(Counter, "crosstalk_fault_delivered_total",
		"Uses that met a fault.", "service", "target", "kind", "code", "window")
	faultAsked = ofRun(Gauge, "crosstalk_fault_asked_ratio",
		"Share of the uses that should meet a fault.", "service", "target", "kind", "code", "window")
	faultFactor = ofRun(Gauge, "crosstalk_fault_slow_factor",
		"How many times as long the work takes that meets a slowness.", "service", "target", "kind", "code", "window")
	faultDelayAsked = ofRun(Counter, "crosstalk_fault_delay_asked_seconds_total",
		"The delays of all uses that a fault delayed, together, as they were drawn.", "service", "target", "kind", "code", "window")
	faultDelayDelivered = ofRun(Counter, "crosstalk_fault_delay_delivered_seconds_total",
		"The delays of all uses that a fault delayed, together, as they turned out.", "service", "target", "kind", "code", "window")
	faultWindowAsked = ofRun(Gauge, "crosstalk_fault_window_asked_seconds",
		"For how long a fault should act that its window says all about.", "service", "target", "kind", "code", "window")
	faultWindowDelivered = ofRun(Gauge, "crosstalk_fault_window_delivered_seconds",
		"For how long it has acted, once that is over; 0 before.", "service", "target", "kind", "code", "window")
	faultActive = ofRun(Gauge, "crosstalk_fault_active",
		"1 while a fault with a window acts.", "service", "target", "kind", "code", "window")

	readOfFaults = []Family{
		faultInteractions, faultDelivered, faultAsked, faultFactor, faultDelayAsked, faultDelayDelivered,
		faultWindowAsked, faultWindowDelivered, faultActive,
	}
)

// allFaults shows the faults of a process. A database has a boundary per collection, and
// they are one fault.
func (s *sheet) allFaults(service string, faults []counts.Fault) {
	var sum counts.Counts
	sum.Add(counts.Counts{Faults: faults})
	for _, f := range sum.Faults {
		s.fault(f, service, f.Target, string(f.Kind), f.Code, f.Window.Exact().String())
	}
}

func (s *sheet) fault(f counts.Fault, labels ...string) {
	if f.Window != nil {
		s.count(faultActive, one(f.Acts), labels...)
	}
	switch f.Kind.Argument() {
	case fault.Windowed:
		s.put(faultWindowAsked, f.Window.Exact().Length.Seconds(), labels...)
		s.put(faultWindowDelivered, f.DeliveredWindow.Exact().Length.Seconds(), labels...)
		return
	case fault.Factor:
		s.put(faultFactor, f.Asked, labels...)
	case fault.Distribution:
	default:
		s.put(faultAsked, f.Asked, labels...)
	}
	s.count(faultInteractions, f.Interactions, labels...)
	s.count(faultDelivered, f.Injected, labels...)
	if f.Kind.Delays() {
		s.put(faultDelayAsked, f.AskedSeconds, labels...)
		s.put(faultDelayDelivered, f.DeliveredSeconds, labels...)
	}
}

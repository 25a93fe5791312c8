package telemetry

import (
	"time"

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

// faultKey is what tells faults apart, by labels: where a fault acts, what it is
// and when. A database has a boundary per collection, and they are one fault.
type faultKey struct{ service, target, kind, code, window string }

type faultSum struct {
	Fault
	askedDelay, deliveredDelay time.Duration
}

func (s *sheet) addFault(service string, f Fault) {
	key := faultKey{service, f.Target, string(f.Kind), f.Code, f.Window.String()}
	asked, delivered := f.MeanAsked*time.Duration(f.Delivered), f.MeanDelivered*time.Duration(f.Delivered)
	sum, ok := s.faults[key]
	if !ok {
		s.faults[key] = &faultSum{f, asked, delivered}
		return
	}
	sum.Asked = max(sum.Asked, f.Asked)
	sum.Interactions += f.Interactions
	sum.Delivered += f.Delivered
	sum.Acts = sum.Acts || f.Acts
	sum.askedDelay += asked
	sum.deliveredDelay += delivered
}

func (s *sheet) allFaults() {
	for key, f := range s.faults {
		labels := []string{key.service, key.target, key.kind, key.code, key.window}
		if !f.Window.Always() {
			s.count(faultActive, one(f.Acts), labels...)
		}
		switch f.Kind.Argument() {
		case fault.Windowed:
			s.put(faultWindowAsked, f.Window.Length.Seconds(), labels...)
			s.put(faultWindowDelivered, f.Acted.Length.Seconds(), labels...)
			continue
		case fault.Factor:
			s.put(faultFactor, f.Asked, labels...)
		case fault.Distribution:
		default:
			s.put(faultAsked, f.Asked, labels...)
		}
		s.count(faultInteractions, f.Interactions, labels...)
		s.count(faultDelivered, f.Delivered, labels...)
		if f.Kind.Delays() {
			s.put(faultDelayAsked, f.askedDelay.Seconds(), labels...)
			s.put(faultDelayDelivered, f.deliveredDelay.Seconds(), labels...)
		}
	}
}

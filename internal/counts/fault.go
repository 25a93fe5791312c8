package counts

import (
	"math"
	"time"

	"crosstalk/internal/fault"
)

// Fault is one injection, as asked and as delivered.
type Fault struct {
	// What the fault sits at: a service, its database, its events, or the bus.
	Target string `json:"target"`
	// Kind of the fault.
	Kind fault.Kind `json:"kind"`
	// Code is the gRPC code name of an abort.
	Code string `json:"code,omitempty"`

	// Asked is the share of the interactions, in the window if there is one, that should
	// meet the fault; of a slow one, the factor. Delivered is the share that met it, with
	// its 95 % Wilson interval.
	Asked float64 `json:"asked"`
	// Share of the interactions that was affected, from 0 to 1.
	Delivered float64 `json:"delivered" schema:"max=1"`
	// Lower end of the 95 % Wilson score interval of delivered, from 0 to 1.
	Low float64 `json:"low" schema:"max=1"`
	// Upper end of the 95 % Wilson score interval of delivered, from 0 to 1.
	High float64 `json:"high" schema:"max=1"`
	// Interactions with the target in the measured part, and in the window if there is one.
	Interactions int64 `json:"interactions"`
	// Injected counts the interactions that met the fault; runs from before there was it
	// get it from Delivered.
	Injected int64 `json:"injected,omitempty"`

	// Of a delay and of a slow one: the mean over the delayed interactions, and the sum,
	// as drawn and as measured.
	MeanAskedSeconds float64 `json:"mean_asked_seconds,omitempty"`
	// Of a delay and of a slow one: mean over the delayed interactions, in seconds.
	MeanDeliveredSeconds float64 `json:"mean_delivered_seconds,omitempty"`
	// Of a delay and of a slow one: all that was asked for over the delayed interactions, in
	// seconds.
	AskedSeconds float64 `json:"asked_seconds,omitempty"`
	// Of a delay and of a slow one: all delays together, in seconds.
	DeliveredSeconds float64 `json:"delivered_seconds,omitempty"`

	// Window is when the fault acts; nil is always. Of a fault that its window says
	// all about, as an outage, DeliveredWindow is when it really acted.
	Window *Window `json:"window,omitempty"`
	// Of a fault that its window says all about, as an outage: when it really acted.
	DeliveredWindow *Window `json:"delivered_window,omitempty"`

	// Acts tells whether it acts now; it is in no JSON.
	Acts bool `json:"-"`
}

// FaultOf is what a fault of a target was asked to do and did.
func FaultOf(target string, s fault.Statistic) Fault {
	n := float64(s.Delivered)
	return Fault{
		Target: target, Kind: s.Kind, Code: s.Code, Asked: s.Asked,
		Interactions: s.Interactions, Injected: s.Delivered,
		AskedSeconds: s.MeanAsked.Seconds() * n, DeliveredSeconds: s.MeanDelivered.Seconds() * n,
		Window: WindowOf(s.Window),
	}
}

type faultKey struct {
	target, code string
	kind         fault.Kind
	asked        float64
	window       Window
}

func (f Fault) key() faultKey {
	k := faultKey{target: f.Target, kind: f.Kind, code: f.Code, asked: f.Asked}
	if f.Window != nil {
		k.window = *f.Window
	}
	return k
}

// add adds what another process did: the bus is everyone's, and a window acted from the
// first process to the last one. One that had died, or was not there yet, has none.
func (f *Fault) add(other Fault) {
	f.Interactions += other.Interactions
	f.Injected += other.Injected
	f.AskedSeconds += other.AskedSeconds
	f.DeliveredSeconds += other.DeliveredSeconds
	f.Acts = f.Acts || other.Acts
	f.DeliveredWindow = hull(f.DeliveredWindow, other.DeliveredWindow)
}

func (f *Fault) restore() {
	if f.Injected == 0 {
		f.Injected = int64(math.Round(f.Delivered * float64(f.Interactions)))
		f.AskedSeconds = f.MeanAskedSeconds * float64(f.Injected)
		f.DeliveredSeconds = f.MeanDeliveredSeconds * float64(f.Injected)
	}
}

// Window is a stretch of the run, from the start of the measured part.
type Window struct {
	// When it begins, in seconds.
	StartSeconds float64 `json:"start_seconds" schema:"signed"`
	// How long it lasts, in seconds.
	LengthSeconds float64 `json:"length_seconds"`
}

// WindowOf is nil where a fault always acts, or never did.
func WindowOf(w fault.Window) *Window {
	if w.Always() {
		return nil
	}
	return &Window{w.Start.Seconds(), w.Length.Seconds()}
}

// End is the moment at which the window ends, in seconds.
func (w Window) End() float64 { return w.StartSeconds + w.LengthSeconds }

// Exact is the window in durations; that of nil is always.
func (w *Window) Exact() fault.Window {
	if w == nil {
		return fault.Window{}
	}
	return fault.Window{Start: duration(w.StartSeconds), Length: duration(w.LengthSeconds)}
}

func duration(seconds float64) time.Duration { return time.Duration(math.Round(seconds * 1e9)) }

func hull(a, b *Window) *Window {
	if a == nil || b == nil {
		if a == nil {
			return b
		}
		return a
	}
	start := min(a.StartSeconds, b.StartSeconds)
	return &Window{start, max(a.End(), b.End()) - start}
}

package fault

// An event is delivered twice, as by a publisher that tries again after an
// acknowledgement that was lost.
var duplicated = Definition{
	Kind: Duplicate, Argument: Ratio,
	Doc:   "an event is delivered twice",
	Parts: map[Part]string{Bus: "50%"},
	Event: func(p *Passage) { p.Duplicate = true },
}

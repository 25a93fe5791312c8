package fault

// An event that is dropped is lost: its publisher has the acknowledgement, and nobody
// gets it.
var dropped = Definition{
	Kind: Drop, Argument: Ratio, LosesEvents: true,
	Doc:   "an event is never delivered",
	Parts: map[Part]string{Bus: "50%"},
	Event: func(p *Passage) { p.Drop = true },
}

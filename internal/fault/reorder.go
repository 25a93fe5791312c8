package fault

// An event is overtaken by the one behind it, as where a publisher has two requests in
// flight.
var reordered = Definition{
	Kind: Reorder, Argument: Ratio,
	Doc:   "an event is delivered after the next one, or after 100 ms if none comes",
	Parts: map[Part]string{Bus: "50%"},
	Event: func(p *Passage) { p.Reorder = true },
}

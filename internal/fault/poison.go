package fault

// An event is undecodable, as from a producer with a bug. Who reads it sets it aside.
var poisoned = Definition{
	Kind: Poison, Argument: Ratio, LosesEvents: true,
	Doc:   "an event of the service's that nobody can decode: it goes to a topic of dead letters, and is counted",
	Parts: map[Part]string{Events: "50%"},
	Event: func(p *Passage) { p.Poison = true },
}

package fault

var stalled = Definition{
	Kind: Stall, Argument: Windowed,
	Doc:   "consumers stop reading, and go on where they were",
	Parts: map[Part]string{Bus: ""},
	Act:   func(n Node, _ Part) (begin, end func() error) { return n.StallConsumers, n.ResumeConsumers },
}

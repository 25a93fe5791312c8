package fault

var frozen = Definition{
	Kind: Freeze, Argument: Windowed,
	Doc:   "accepts, does nothing, then goes on, as in a long garbage collection",
	Parts: map[Part]string{Service: ""},
	Act:   func(n Node, _ Part) (begin, end func() error) { return n.Freeze, n.Thaw },
}

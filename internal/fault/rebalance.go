package fault

var rebalanced = Definition{
	Kind: Rebalance, Argument: Windowed,
	Doc:   "consumers stop, and go on where they last committed (each second): what came since is delivered again",
	Parts: map[Part]string{Bus: ""},
	Act:   func(n Node, _ Part) (begin, end func() error) { return n.LeaveGroups, n.JoinGroups },
}

package fault

// reorder has an event overtaken by the one behind it, as where a publisher has two
// requests in flight.
func reorder(p *Passage) { p.Reorder = true }

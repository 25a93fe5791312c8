package fault

// duplicate delivers an event twice, as a publisher does that tries again after an
// acknowledgement that was lost.
func duplicate(p *Passage) { p.Duplicate = true }

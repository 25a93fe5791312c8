package fault

// drop loses an event: its publisher has the acknowledgement, and nobody gets it.
func drop(p *Passage) { p.Drop = true }

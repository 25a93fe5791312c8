package fault

// poison makes an event undecodable, as a producer with a bug does. Who reads it
// sets it aside.
func poison(p *Passage) { p.Poison = true }

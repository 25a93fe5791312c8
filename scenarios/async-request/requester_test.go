package asyncrequest

import (
	"testing"

	"crosstalk/internal/bus"
)

// The copies of a consumer read the same topic of replies: none may take another's.
func TestRepliesToAnotherCopy(t *testing.T) {
	one := &requester{own: ownOf("D"), pending: make(map[string]chan<- bus.Event)}
	other := &requester{own: ownOf("D"), pending: make(map[string]chan<- bus.Event)}
	mine, theirs := make(chan bus.Event, 1), make(chan bus.Event, 1)
	one.register(one.own+"1", mine)
	other.register(other.own+"1", theirs)

	reply := bus.Event{ID: "reply", Correlation: one.own + "1"}
	other.hand(reply)
	one.hand(reply)
	select {
	case got := <-mine:
		if got.ID != "reply" {
			t.Errorf("got %v", got)
		}
	default:
		t.Error("the reply has not come")
	}
	select {
	case got := <-theirs:
		t.Errorf("another copy took %v", got)
	default:
	}
}

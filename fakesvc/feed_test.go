package fakesvc

import (
	"fmt"
	"testing"

	"crosstalk/internal/record"
)

// What is lost before anybody watches is told to the first one who does, once; what became
// visible is not, which the replica has.
func TestLossesWaitForWhoWatches(t *testing.T) {
	var f feed
	told := func(w *watcher) string {
		select {
		case <-w.more:
		default:
		}
		out := ""
		for _, v := range f.take(w) {
			out += fmt.Sprintf("%s %s %d/%d %v;", v.GetConsumer(), v.GetService(), v.GetKey(), v.GetVersion(), v.GetLost())
		}
		return out
	}
	f.lose("D", "A", 1, 2)
	f.send("D", "A", []record.Record{{Key: 1, Version: 3}})
	f.lose("D", "B", 4, 5)
	first := f.watch()
	if len(first.more) != 1 {
		t.Error("who watches is not woken for what was lost before")
	}
	if got := told(first); got != "D A 1/2 true;D B 4/5 true;" {
		t.Errorf("the first was told %q", got)
	}
	f.lose("D", "A", 1, 4)
	second := f.watch()
	if got := told(second); got != "" || len(second.more) != 0 {
		t.Errorf("the second was told %q", got)
	}
	if got := told(first); got != "D A 1/4 true;" {
		t.Errorf("then the first was told %q", got)
	}
	f.leave(first)
	f.lose("D", "A", 6, 2)
	f.leave(second)
	f.lose("D", "A", 6, 3)
	if got := told(f.watch()); got != "D A 6/3 true;" {
		t.Errorf("who watches when all have left was told %q", got)
	}
}

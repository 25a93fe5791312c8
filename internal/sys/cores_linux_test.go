package sys

import (
	"testing"
	"time"
)

func TestBusyIsOfTheAllowedCores(t *testing.T) {
	const stat = `cpu  999 0 0 0 0 0 0 0 0 0
cpu0 100 20 30 4000 500 6 7 8 50 0
cpu1 1 0 0 0 0 0 0 0 0 0
cpu2 10 0 0 9000 0 0 0 0 0 0
intr 1 2 3 4 5 6 7 8 9 10
`
	busy, cores := busyOf(stat, func(core int) bool { return core != 1 })
	if want := (100 + 20 + 30 + 6 + 7 + 8 + 10) * 10 * time.Millisecond; busy != want || cores != 2 {
		t.Errorf("%v on %d cores, want %v on 2", busy, cores, want)
	}
}

func TestCoresAreBusyWhenThisProcessIs(t *testing.T) {
	before, cores := CoresBusy()
	if cores < 1 {
		t.Skip("there is no /proc/stat")
	}
	for used := ProcessCPU(); ProcessCPU()-used < 200*time.Millisecond; {
	}
	if after, _ := CoresBusy(); after-before < 100*time.Millisecond {
		t.Errorf("the cores were busy for %v, and this process alone for 200 ms", after-before)
	}
}

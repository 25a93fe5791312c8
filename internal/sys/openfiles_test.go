package sys

import (
	"fmt"
	"testing"
)

func TestNeeded(t *testing.T) {
	for g, want := range map[OpenFileGraph]int{
		{Services: 4, Needs: 3}:                 112,
		{Services: 4, Needs: 3, Partitions: 1}:  112,
		{Services: 4, Needs: 3, Partitions: 10}: 220,
	} {
		if got := OpenFilesNeeded(g); got != want {
			t.Errorf("%+v needs %d, want %d", g, got, want)
		}
	}
}

func TestCheck(t *testing.T) {
	limit, ok := OpenFileLimit()
	if !ok {
		t.Skip("there is no limit here")
	}
	if err := CheckOpenFiles(int(limit)); err != nil {
		t.Error(err)
	}
	want := fmt.Sprintf("it needs some %d open files at once, and this process may have %d: raise the limit, as with ulimit -n 1024", limit+1, limit)
	if err := CheckOpenFiles(int(limit + 1)); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

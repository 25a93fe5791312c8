package sys

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// forget undoes RunAtExit, which a program calls once.
func forget(t *testing.T) {
	t.Cleanup(func() { registry.exiting, registry.entries = false, nil })
}

func TestRunDoesWhatIsLeftLastFirst(t *testing.T) {
	forget(t)
	var done []string
	add := func(name string) func() { return AtExit(func() { done = append(done, name) }) }
	add("folder")
	drop := add("ended in order")
	add("process")
	drop()
	drop() // once more takes nobody else's
	RunAtExit()
	if want := []string{"process", "folder"}; !slices.Equal(done, want) {
		t.Errorf("it did %v, want %v", done, want)
	}
	RunAtExit()
	if len(done) != 2 {
		t.Errorf("a second RunAtExit did it again: %v", done)
	}
}

func TestWhatIsAddedWhileItExitsIsDoneToo(t *testing.T) {
	forget(t)
	RunAtExit()
	done := make(chan struct{})
	AtExit(func() { close(done) })()
	<-done
}

func TestRemove(t *testing.T) {
	forget(t)
	dir := filepath.Join(t.TempDir(), "data")
	kept := filepath.Join(t.TempDir(), "kept")
	for _, d := range []string{dir, kept} {
		if err := os.MkdirAll(filepath.Join(d, "below"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	RemoveAtExit(dir)
	RemoveAtExit(kept)()
	RunAtExit()
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is left: %v", dir, err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
}

//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package sys

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// The folders of the dead are removed by the next start, and no other one.
func TestSweep(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	made := func() *Scratch {
		t.Helper()
		f, err := NewScratch()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(f.Path(), "records"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		return f
	}
	living, dead := made(), made()
	if err := dead.owner.Close(); err != nil { // as the system does when the process ends
		t.Fatal(err)
	}
	strange, others := filepath.Join(temp, "crosstalk-of-a-version-before"), filepath.Join(temp, "others-1")
	for _, dir := range []string{strange, others} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(others, ownerFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	next := made()
	for path, want := range map[string]bool{living.Path(): true, dead.Path(): false, next.Path(): true, strange: true, others: true} {
		if _, err := os.Stat(path); (err == nil) != want || err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, f := range []*Scratch{living, next} {
		if err := f.Remove(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(f.Path()); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left: %v", f.Path(), err)
		}
	}
}

// Many that start at once leave each other's folders alone.
func TestStartsAtOnce(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var starting sync.WaitGroup
	for range 50 {
		starting.Go(func() {
			f, err := NewScratch()
			if err != nil {
				t.Error(err)
				return
			}
			sweep(os.TempDir())
			if _, err := os.Stat(filepath.Join(f.Path(), ownerFile)); err != nil {
				t.Errorf("the folder of a living one: %v", err)
			}
			if err := f.Remove(); err != nil {
				t.Error(err)
			}
		})
	}
	starting.Wait()
}

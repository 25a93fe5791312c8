package store

import (
	"fmt"
	"sync"
	"testing"
)

// The copies of a service start together: each puts a new file into WAL mode, and
// SQLite lets nobody wait for another one that does.
func TestCopiesOpenAtOnce(t *testing.T) {
	for n := range 100 {
		place := Place{Dir: t.TempDir(), Run: "run"}
		var opening sync.WaitGroup
		for range 8 {
			opening.Go(func() {
				s, err := Open(t.Context(), Spec{Kind: Sqlite}, place, fmt.Sprint("s", n))
				if err != nil {
					t.Error(err)
					return
				}
				defer s.Close()
				if _, err := s.Collection(t.Context(), "records"); err != nil {
					t.Error(err)
				}
			})
		}
		opening.Wait()
	}
}

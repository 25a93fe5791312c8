package sys

import (
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// A process that is started by a large one has held no more than it has itself.
func TestMaxResidentIsNotThatOfTheParent(t *testing.T) {
	const asks = "USAGE_TEST_CHILD"
	if os.Getenv(asks) != "" {
		os.Stdout.WriteString(strconv.FormatInt(MaxResident(), 10))
		os.Exit(0)
	}
	const held = 200 << 20
	large := make([]byte, held)
	for i := range large {
		large[i] = 1
	}
	if n := MaxResident(); n < held {
		t.Fatalf("the parent holds %d bytes at least, and says %d", held, n)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestMaxResidentIsNotThatOfTheParent$")
	child.Env = append(os.Environ(), asks+"=1")
	out, err := child.Output()
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseInt(string(out), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if n <= 0 || n >= held/2 {
		t.Errorf("the child says %d bytes; the parent holds %d", n, len(large))
	}
}

package usage

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

const asChild = "USAGE_TEST_AS_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(asChild) != "" {
		fmt.Println(MaxResident())
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// What a process holds is its own, and not what the one held that has started it:
// getrusage tells of the larger of the two.
func TestMaxResidentIsOnesOwn(t *testing.T) {
	const held = 256 << 20
	large := make([]byte, held)
	for i := 0; i < len(large); i += 4096 {
		large[i] = 1
	}
	if got := MaxResident(); got < held {
		t.Errorf("this process holds %d bytes at least, and tells of %d", held, got)
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), asChild+"=1")
	out, err := child.Output()
	if err != nil {
		t.Fatal(err)
	}
	got, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil || got < 1<<20 || got > held/2 {
		t.Errorf("a child that holds next to nothing tells of %d bytes, %v", got, err)
	}
	large[0]++
}

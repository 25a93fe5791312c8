package runner

import (
	"strings"
	"testing"
)

// A bus that has lost something is said.
func TestLostLogsAreSaid(t *testing.T) {
	if said := lostLogs(0); said != nil {
		t.Errorf("without a loss it says %q", said)
	}
	if said := lostLogs(3); len(said) != 1 || !strings.HasPrefix(said[0], "the bus has lost events that it had acknowledged: 3 times ") {
		t.Errorf("of three losses it says %q", said)
	}
}

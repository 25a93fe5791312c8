package verdict

import (
	"fmt"
	"strings"
	"time"
)

// The kills of the two experiments that differ in the outbox alone.
const (
	killCount = 24
	killEvery = 500 * time.Millisecond
	killAway  = 300 * time.Millisecond
)

// killing are the settings under which owners are killed one after the other.
func killing(outbox string) map[string]string {
	var faults []string
	for i := range killCount {
		at := time.Second + time.Duration(i)*killEvery
		faults = append(faults, fmt.Sprintf("%s:kill@%s+%s", []string{"A", "B", "C"}[i%3], at, killAway))
	}
	return map[string]string{
		"scenario": "async-replicated", "placement": "process", "outbox": outbox, "store": "sqlite",
		"rate": "50/s", "write-rate": "300/s", "keys": "10000", // a key is hardly written twice, or the later write would hide the loss
		"timeout": "500ms", "warmup": "0s",
		"duration": (2*time.Second + killCount*killEvery).String(), "latency": "lognormal(5ms,20ms)",
		"fault": strings.Join(faults, ";"),
	}
}

// outboxKeeps: what a kill of an owner loses, with and without an outbox.
func outboxKeeps(e Evidence) (Ruling, string, bool) {
	with, ok := e.of(kills, "async-replicated")
	without, ok2 := e.of(unsafe, "async-replicated")
	if !ok || !ok2 {
		return "", "", false
	}
	per100 := func(lost int64) float64 { return float64(lost) / killCount * 100 }
	lost, kept := without[0].UnseenChanges, with[0].UnseenChanges
	return holdsIf(kept == 0 && lost > 0), fmt.Sprintf("acknowledged changes lost per 100 kills of an owner: %.0f with the outbox, %.0f without (%d and %d in %d kills, %d writes)",
		per100(kept), per100(lost), kept, lost, killCount, with[0].Writes.Acknowledged), true
}

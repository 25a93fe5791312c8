package scenarios_test

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/internal/bus"
	"crosstalk/internal/experiment"
	"crosstalk/scenarios"
)

// The conformance suite runs under a fake clock, on the embedded broker, and says
// exactly how long everything takes. With CROSSTALK_KAFKA=host:port,… it runs
// against that cluster instead, in real time, where a duration is at least what was
// asked for and less than slack more. partitions are so many there.
const (
	kafkaVariable   = "CROSSTALK_KAFKA"
	kafkaPartitions = "3"
	slack           = 400 * time.Millisecond
	// early is how much sooner a deadline may end that travels with a call.
	early = 5 * time.Millisecond
)

// conform is each, and inWorld is inBubble, in the world that the suite runs in.
func conform(t *testing.T, settings []string, test func(b *bubble, scenario string)) {
	t.Helper()
	for _, name := range scenarios.Names() {
		t.Run(name, func(t *testing.T) {
			inWorld(t, name, quiet(t, settings...), func(b *bubble) { test(b, name) })
		})
	}
}

func inWorld(t *testing.T, scenario string, e *experiment.Experiment, test func(b *bubble)) {
	t.Helper()
	addresses := os.Getenv(kafkaVariable)
	if addresses == "" {
		inBubble(t, scenario, e, test)
		return
	}
	set(t, e, "kafka", addresses)
	set(t, e, "partitions", kafkaPartitions)
	prefix := fmt.Sprintf("crosstalk-test-%d-%d", os.Getpid(), time.Now().UnixNano())
	in(t, scenario, e, scenarios.World{
		Env: fakesvc.Env{Listen: net.Listen, Dial: new(net.Dialer).DialContext},
		Dir: t.TempDir(), Bus: e.Kafka, Prefix: prefix,
	}, &bubble{T: t, real: true}, test)
	nothingLeft(t, e.Kafka, prefix)
}

// nothingLeft asks the cluster for topics of a run that has ended.
func nothingLeft(t *testing.T, addresses []string, prefix string) {
	t.Helper()
	client, err := bus.Open(t.Context(), bus.Config{Addresses: addresses})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	topics, err := client.Topics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range topics {
		if strings.HasPrefix(topic, prefix) {
			t.Errorf("topic %s is left", topic)
		}
	}
}

// lasted tells whether something took as long as it should.
func (b *bubble) lasted(took, want time.Duration) bool {
	if b.real {
		return took >= want-early && took < want+slack
	}
	return took == want
}

// quieten waits until what is under way is over, if it is to be at all.
func (b *bubble) quieten(over func() bool) {
	b.Helper()
	if !b.real {
		time.Sleep(time.Minute)
		return
	}
	for limit := time.Now().Add(20 * time.Second); !over() && time.Now().Before(limit); {
		time.Sleep(10 * time.Millisecond)
	}
}

// rest waits until nothing happens any more without time passing.
func (b *bubble) rest(over func() bool) {
	b.Helper()
	if b.real {
		b.quieten(over)
	} else {
		synctest.Wait()
	}
}

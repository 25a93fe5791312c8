//go:build long

package main

import (
	"context"
	"fmt"
	"os"
	osexec "os/exec"
	"strings"
	"testing"
	"time"

	"crosstalk/internal/bus"
	"crosstalk/internal/seeded"
)

// The address and the data folder of a cluster of one node that scripts/kafka has
// started, and that may be killed.
const (
	kafkaVariable     = "CROSSTALK_KAFKA"
	kafkaDataVariable = "CROSSTALK_KAFKA_DATA"
)

// TestKillsOnKafka does what TestKills does where the broker that is killed is a real
// one. It does not sync its disk for each record either; what it has written survives
// the end of its process.
func TestKillsOnKafka(t *testing.T) {
	address, data := os.Getenv(kafkaVariable), os.Getenv(kafkaDataVariable)
	if address == "" || data == "" {
		t.Skipf("no cluster is named that may be killed: %s=host:port and %s=DIR of scripts/kafka up", kafkaVariable, kafkaDataVariable)
	}
	kills, seed := int(numberFrom(t, killsVariable, 10)), numberFrom(t, seedVariable, 1)
	faults, length := randomKills(kills, seed, 3*time.Second, "A", "B", "C", "D")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	var restarts []time.Duration
	var why error
	go func() {
		defer close(ended)
		if why = loadIsOn(ctx, address); why == nil {
			restarts, why = killKafka(ctx, address, data, seed, length-5*time.Second)
		}
	}()
	run := underKills(t, seed, faults, length, "--kafka="+address)
	stop()
	<-ended
	if why != nil || len(restarts) == 0 {
		t.Errorf("Kafka was killed %d times: %v", len(restarts), why)
	}
	t.Logf("%d kills (seed %d) in %v, and %d of Kafka, which was back after %v: %s", kills, seed, length, len(restarts), restarts, run)
}

// loadIsOn returns once A has published more than what it began with.
func loadIsOn(ctx context.Context, address string) error {
	client, err := bus.Open(ctx, bus.Config{Addresses: []string{address}})
	if err != nil {
		return err
	}
	defer client.Close()
	for ; ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		topics, err := client.Topics(ctx)
		if err != nil {
			return err
		}
		for _, topic := range topics { // there may be some of a run that failed
			if !strings.HasSuffix(topic, ".A.changes") {
				continue
			}
			if end, err := client.End(ctx, topic); err == nil && end[0] > killsKeys {
				return nil
			}
		}
	}
	return ctx.Err()
}

// killKafka kills a node and starts it again until so much time is over, each time some
// seconds after it was back. It returns how long it was away each time.
func killKafka(ctx context.Context, address, data string, seed uint64, last time.Duration) (away []time.Duration, err error) {
	random := seeded.NewStream(seed, "kafka kills", 0)
	_, port, _ := strings.Cut(address, ":")
	script := func(arguments ...string) error {
		out, err := osexec.Command("../../scripts/kafka", append(arguments, "--data="+data)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("scripts/kafka %s: %w: %s", arguments[0], err, out)
		}
		return nil
	}
	for begin := time.Now(); ; {
		select {
		case <-time.After(3*time.Second + time.Duration(random.Next()%uint64(4*time.Second))):
		case <-ctx.Done():
			return away, nil
		}
		if time.Since(begin) > last {
			return away, nil
		}
		killed := time.Now()
		if err := script("kill", "1"); err != nil {
			return away, err
		}
		if err := script("up", "--port="+port); err != nil {
			return away, err
		}
		away = append(away, time.Since(killed).Round(100*time.Millisecond))
	}
}

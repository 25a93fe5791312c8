package runner

import (
	"context"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"crosstalk/fakesvc"
	"crosstalk/internal/bus"
	"crosstalk/internal/load"
	"crosstalk/internal/result"
	"crosstalk/scenarios"
)

// The addresses of a cluster that runs; and, where its nodes may be killed, the data
// folder that scripts/kafka has started them with.
const (
	kafkaVariable = "CROSSTALK_KAFKA"
	nodesVariable = "CROSSTALK_KAFKA_DATA"
)

// onKafka runs a scenario on the cluster, in real time. during is called about each
// second of the load; it may be nil.
func onKafka(t *testing.T, scenario string, during func(Progress), settings ...string) *result.Run {
	t.Helper()
	e := ask(t, append([]string{"kafka", os.Getenv(kafkaVariable), "latency", "2ms"}, settings...)...)
	s, _ := scenarios.ByName(scenario)
	run, err := Run(t.Context(), s, e, t.TempDir(), Options{
		Env: fakesvc.Env{Listen: net.Listen, Dial: new(net.Dialer).DialContext}, Pacer: load.Timer, Progress: during,
	})
	if err != nil {
		t.Fatal(err) // a wrong answer is one
	}
	if run.UnseenChanges != 0 || run.LostChanges != 0 || run.Answers.Backwards != 0 || run.Answers.Missing != 0 || run.Answers.Corrupt != 0 {
		t.Errorf("%s: %d changes not seen, %d lost; answers %+v", scenario, run.UnseenChanges, run.LostChanges, run.Answers)
	}
	if run.Writes.Acknowledged == 0 || run.Writes.Failed != 0 {
		t.Errorf("%s: writes %+v", scenario, run.Writes)
	}
	return run
}

// cluster is a client of the cluster, for what the run does not tell.
func cluster(t *testing.T) *bus.Client {
	t.Helper()
	addresses := os.Getenv(kafkaVariable)
	if addresses == "" {
		t.Skipf("no cluster is named: %s=host:port,…", kafkaVariable)
	}
	client, err := bus.Open(t.Context(), bus.Config{Addresses: strings.Split(addresses, ",")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// topicsLeft returns the topics with a prefix that are still there some seconds after
// they were deleted: each broker of a cluster hears of it in its own time.
func topicsLeft(t *testing.T, c *bus.Client, prefix string) []string {
	t.Helper()
	for patience := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		topics, err := c.Topics(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		left := slices.DeleteFunc(topics, func(name string) bool { return !strings.HasPrefix(name, prefix) })
		if len(left) == 0 || time.Now().After(patience) {
			return left
		}
	}
}

func TestEachScenarioOnKafka(t *testing.T) {
	client := cluster(t)
	for _, scenario := range scenarios.Names() {
		run := onKafka(t, scenario, nil, "duration", "3s", "warmup", "1s", "rate", "100", "partitions", "3")
		if run.Requests.Failed > 0 {
			t.Errorf("%s: %d of %d requests failed", scenario, run.Requests.Failed, run.Requests.Sent)
		}
		if s, _ := scenarios.ByName(scenario); s.Bus != (run.Environment.BusRoundTrip != nil) {
			t.Errorf("%s: the cluster is %+v away", scenario, run.Environment.BusRoundTrip)
		}
		if left := topicsLeft(t, client, "crosstalk-"+scenario); len(left) > 0 {
			t.Errorf("%s: topics %q are left", scenario, left)
		}
	}
}

// The leader of a topic of changes is killed in the middle of a run. Every change
// that its owner has acknowledged is seen in the end, and D has answered all along.
func TestLeaderDies(t *testing.T) {
	data := os.Getenv(nodesVariable)
	if data == "" {
		t.Skipf("no cluster is named whose nodes may be killed: %s=DIR of scripts/kafka up --brokers=3, and %s", nodesVariable, kafkaVariable)
	}
	client := cluster(t)
	var killed, why string
	var once sync.Once
	run := onKafka(t, "async-replicated", func(p Progress) {
		if p.Elapsed >= 5*time.Second {
			once.Do(func() {
				killed, why = killLeader(t.Context(), client, data, "crosstalk-async-replicated", ".A.changes")
			})
		}
	}, "duration", "30s", "warmup", "1s", "rate", "100", "write-rate", "60/s", "replication", "3")
	if why != "" || killed == "" {
		t.Fatalf("no node was killed: %s", why)
	}
	if run.Requests.Failed > 0 {
		t.Errorf("%d of %d requests failed", run.Requests.Failed, run.Requests.Sent)
	}
	if run.ReplicationLag.Max < 0.1 {
		t.Errorf("no change waited longer than %.3f s: the node that was killed led nothing", run.ReplicationLag.Max)
	}
	t.Logf("node %s, which led the changes of A, was killed: it went on after %.1f s; %d acknowledged changes, %d not seen, %d answers going backwards, %d of %d answers stale",
		killed, run.ReplicationLag.Max, run.Writes.Acknowledged, run.UnseenChanges, run.Answers.Backwards, run.Answers.Stale, run.Requests.Succeeded)
}

// killLeader kills the node that leads a topic. It returns which, or why none.
func killLeader(ctx context.Context, client *bus.Client, data, prefix, suffix string) (node, why string) {
	topics, err := client.Topics(ctx)
	if err != nil {
		return "", err.Error()
	}
	i := slices.IndexFunc(topics, func(name string) bool { return strings.HasPrefix(name, prefix) && strings.HasSuffix(name, suffix) })
	if i < 0 {
		return "", "there is no such topic"
	}
	address, _, _ := strings.Cut(os.Getenv(kafkaVariable), ",")
	leader, err := new(kafka.Dialer).LookupLeader(ctx, "tcp", address, topics[i], 0)
	if err != nil {
		return "", err.Error()
	}
	node = strconv.Itoa(leader.ID)
	if out, err := exec.CommandContext(ctx, "../../scripts/kafka", "kill", node, "--data="+data).CombinedOutput(); err != nil {
		return "", err.Error() + ": " + string(out)
	}
	return node, ""
}

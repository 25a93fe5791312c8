package topology

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"crosstalk/internal/experiment"
	"crosstalk/scenarios"
)

// One line tells why a process has ended, whatever it has logged.
func TestDeathIsOneLine(t *testing.T) {
	const log = `{"level":"info","service":"A","message":"ready"}` + "\n"
	for said, want := range map[string]string{
		"":                                     "A has ended by itself, exit status 2",
		log:                                    "A has ended by itself, exit status 2",
		log + "bench: open the port: in use\n": "A has ended by itself, exit status 2: open the port: in use",
		log + "panic: no more\n\ngoroutine 1 [running]:\nmain.main()\n":              "A has ended by itself, exit status 2: panic: no more",
		log + "fatal error: all asleep\n\ngoroutine 1:\npanic: no line of its own\n": "A has ended by itself, exit status 2: fatal error: all asleep",
		log + "SIGABRT: abort\nPC=0x1 m=0\n\ngoroutine 0:\n\nrip    0x1\n":           "A has ended by itself, exit status 2: SIGABRT: abort",
	} {
		if got := (Death{"A", errors.New("exit status 2"), []byte(said)}).Error(); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}

// Those who die of the same are named together, and the run ends once.
func TestDeathsAreToldTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		topology := &Topology{Topology: scenarios.Elsewhere(envOf())}
		killed := errors.New("signal: killed")
		begun := time.Now()
		topology.died(Death{Name: "A", Err: killed})
		time.Sleep(together - 1)
		topology.died(Death{Name: "B/1", Err: killed})
		err := <-topology.Failed()
		if want := "A has ended by itself, signal: killed; B/1 has ended by itself, signal: killed"; err.Error() != want || time.Since(begun) != together {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
		topology.died(Death{Name: "C", Err: killed})
		synctest.Wait()
		select {
		case err := <-topology.Failed():
			t.Errorf("it ends again: %v", err)
		default:
		}
		if dead := topology.Dead(); len(dead) != 3 {
			t.Errorf("%v", dead)
		}
	})
}

// What a process said last is kept whole, up to a bound.
func TestLastWordsAreBounded(t *testing.T) {
	var said tail
	var all bytes.Buffer
	for i := range 200_000 {
		line := fmt.Sprintf("line %d\n", i)
		all.WriteString(line)
		if n, err := said.Write([]byte(line)); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
		if len(said.text) > 2*lastWords || cap(said.text) > 4*lastWords {
			t.Fatalf("%d bytes are held, in %d", len(said.text), cap(said.text))
		}
	}
	if got := said.all(); !bytes.Equal(got, all.Bytes()[all.Len()-lastWords:]) {
		t.Errorf("%d bytes are kept, and are not the last %d", len(got), lastWords)
	}
	if got := said.lastLine(); got != "line 199999" {
		t.Errorf("%q", got)
	}
}

func experimentOf(t *testing.T, settings map[string]string) *experiment.Experiment {
	t.Helper()
	e := experiment.Default()
	for setting, value := range settings {
		if err := e.Set(setting, value); err != nil {
			t.Fatal(err)
		}
	}
	return &e
}

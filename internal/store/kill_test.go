package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"crosstalk/internal/bus"
	"crosstalk/internal/record"
)

// What the killed process works on, by environment variables.
const (
	killedKind = "CROSSTALK_TEST_KILLED_KIND"
	killedDir  = "CROSSTALK_TEST_KILLED_DIR"
)

const killedKeys = 5

// A process is killed at moments that nobody chose, and another one goes on. What
// it had said before its death is the measure: each write that returned is there,
// each version that there is was published or still waits for it, and how far the
// copy says it is, it is.
func TestNothingIsLostByAKill(t *testing.T) {
	const kills = 8
	for _, kind := range kinds() {
		if kind == Memory {
			continue
		}
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			dir, chance := t.TempDir(), rand.New(rand.NewPCG(1, 2))
			defer Remove(context.Background(), placeOf(dir), map[string]Spec{"a": specOf(kind)})
			said := killedSaid{published: make(map[versionOfKey]bool)}
			for range kills {
				said.hear(t, kind, dir, 5+chance.IntN(60))
				said.check(t, kind, dir)
			}
			if said.written < kills || said.applied < kills {
				t.Errorf("only %d writes and %d changes were tried", said.written, said.applied)
			}
		})
	}
}

// TestTheProcessThatIsKilled is that process, and no test of its own.
func TestTheProcessThatIsKilled(t *testing.T) {
	kind := Kind(os.Getenv(killedKind))
	if kind == "" {
		t.Skip("it is started by TestNothingIsLostByAKill")
	}
	ctx := context.Background()
	s, err := openKind(kind, os.Getenv(killedDir), "a")
	if err != nil {
		t.Fatal(err)
	}
	owned, copied := collection(t, s, "owned"), collection(t, s, "copied")
	outbox := awaitOutbox(t, owned)
	next, err := copied.Position(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for offset := next[0].Next; ; offset++ {
		key := record.Key(offset % killedKeys)
		version := uint64(1)
		if r, err := owned.Get(ctx, key); err == nil {
			version = r.Version + 1
		}
		write(t, owned, offset, rec(key, version))
		fmt.Printf("written %d %d\n", key, version)
		apply(t, copied, map[int]bus.Position{0: at(offset + 1)}, rec(key, uint64(offset)+1))
		fmt.Printf("applied 0 %d\n", offset+1)
		if offset%3 == 0 {
			entries, _ := pending(t, outbox, 0, 100)
			for _, e := range entries {
				fmt.Printf("published %d %d\n", e.Record.Key, e.Record.Version)
			}
			acknowledge(t, outbox, entries[len(entries)-1].Seq)
		}
	}
}

func awaitOutbox(t *testing.T, c Collection) Outbox {
	t.Helper()
	for range 500 {
		o, err := c.Outbox(context.Background())
		if err == nil {
			return o
		}
		if !errors.Is(err, ErrHeld) {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond) // a server notices a death a little later
	}
	t.Fatal("the outbox is still held by a dead process")
	return nil
}

// killedSaid is what the killed processes had said.
type killedSaid struct {
	newest           [killedKeys]uint64 // written
	position         uint64             // applied
	written, applied int
	published        map[versionOfKey]bool
}

type versionOfKey struct {
	key     record.Key
	version uint64
}

// hear starts the process and kills it after so many lines.
func (k *killedSaid) hear(t *testing.T, kind Kind, dir string, lines int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestTheProcessThatIsKilled$")
	cmd.Env = append(os.Environ(), killedKind+"="+string(kind), killedDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	// What it says between the signal and its death counts too.
	in := bufio.NewReader(out)
	for n := 0; ; n++ {
		if n == lines {
			_ = cmd.Process.Kill()
		}
		line, err := in.ReadString('\n')
		if err != nil {
			break
		}
		k.note(t, line)
	}
	_, _ = io.Copy(io.Discard, out)
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Exited() {
		t.Fatalf("it ended by itself: %v", err)
	}
}

func (k *killedSaid) note(t *testing.T, line string) {
	t.Helper()
	var verb string
	var key record.Key
	var number uint64
	if _, err := fmt.Sscan(line, &verb, &key, &number); err != nil {
		t.Fatalf("it said %q", strings.TrimSpace(line))
	}
	switch verb {
	case "written":
		k.written++
		k.newest[key] = number
	case "applied":
		k.applied++
		k.position = number
	case "published":
		k.published[versionOfKey{key, number}] = true
	}
}

func (k *killedSaid) check(t *testing.T, kind Kind, dir string) {
	t.Helper()
	s, err := openKind(kind, dir, "a")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	owned, copied := collection(t, s, "owned"), collection(t, s, "copied")
	outbox := awaitOutbox(t, owned)
	defer outbox.Close()
	rows := all(t, owned) // before the entries: a last transaction may be under way at a server
	known := make(map[versionOfKey]bool)
	entries, _ := pending(t, outbox, 0, 10_000)
	for _, e := range entries {
		known[versionOfKey{e.Record.Key, e.Record.Version}] = true
	}
	for _, r := range rows {
		if r.Version < k.newest[r.Key] || !r.Intact("users", 40) {
			t.Errorf("key %d has version %d, %d was written", r.Key, r.Version, k.newest[r.Key])
		}
		for v := uint64(1); v <= r.Version; v++ {
			if id := (versionOfKey{r.Key, v}); !known[id] && !k.published[id] {
				t.Errorf("key %d: version %d is neither published nor pending", r.Key, v)
			}
		}
	}
	k.checkCopy(t, copied)
}

// checkCopy compares the position with the rows, which have its number as version.
func (k *killedSaid) checkCopy(t *testing.T, copied Collection) {
	t.Helper()
	var position, newest uint64
	for range 100 {
		next, err := copied.Position(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		position, newest = uint64(next[0].Next), 0
		if position > 0 && next[0] != at(next[0].Next) {
			t.Errorf("the position is %+v, its sum is of another one", next[0])
		}
		for _, r := range all(t, copied) {
			newest = max(newest, r.Version)
		}
		if position == newest {
			break
		}
		time.Sleep(10 * time.Millisecond) // as above
	}
	if position != newest || position < k.position {
		t.Errorf("the position is %d, the newest row is of %d, %d was applied", position, newest, k.position)
	}
}

package bus

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

const small = "changes" // a compacted topic whose segments hold some 20 events

// inFolder has test use a broker that keeps its records in dir, on a virtual network.
func inFolder(t *testing.T, dir string, test func(b *Broker, c *Client)) {
	t.Helper()
	var network kfake.VirtualNetwork
	if err := folder(dir).goBack(); err != nil {
		t.Fatal(err)
	}
	b, err := startBroker(folder(dir), kfake.DataDir(dir), kfake.ListenFn(network.Listen))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	c, err := Open(t.Context(), Config{Addresses: b.Addresses(), Dial: network.DialContext})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	test(b, c)
}

// createSmall creates the topic small.
func createSmall(t *testing.T, b *Broker, c *Client) {
	t.Helper()
	config := map[string]string{cleanupPolicy: compactPolicy, "segment.bytes": "4000"}
	if err := b.cluster.CreateTopic(small, 1, config); err != nil {
		t.Fatal(err)
	}
	if err := c.Await(t.Context(), small); err != nil {
		t.Fatal(err)
	}
}

// change is version number of one of five keys.
func change(number int64) Outgoing {
	o := query(small, number)
	o.Event.Key = []byte{byte(number % 5)}
	return o
}

// newest returns the last number of each key of what the broker has.
func newest(t *testing.T, c *Client) map[byte]int64 {
	t.Helper()
	end, err := c.End(t.Context(), small)
	if err != nil {
		t.Fatal(err)
	}
	s := c.Subscribe(small, nil)
	defer s.Close()
	last := make(map[byte]int64)
	for next := int64(0); next < end[0]; {
		got, err := s.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range got {
			if d.Err != nil {
				t.Fatal(d.Err)
			}
			last[d.Event.Key[0]] = d.Event.Request
			next = d.Offset + 1
		}
	}
	return last
}

// newestOf is newest where the broker has all of the first n changes, and no others.
func newestOf(n int64) map[byte]int64 {
	last := make(map[byte]int64)
	for i := range n {
		last[byte(i%5)] = i
	}
	return last
}

func partitionOf(dir string) string { return filepath.Join(dir, partitionsFolder, small+"-0") }

// What is acknowledged survives a broker that is killed at any byte of the next record,
// of its entry in the index, and of the files that a segment's roll makes; and the next
// start goes on behind it.
func TestKilledAtEveryByte(t *testing.T) {
	const records = 45 // over two rolls of a segment
	dir := scratch(t)
	var sizes []map[string]int64 // of the files, when so many were acknowledged
	inFolder(t, dir, func(b *Broker, c *Client) {
		createSmall(t, b, c)
		p := c.NewPublisher()
		defer p.Close()
		for i := range int64(records) {
			publish(t, p, change(i))
			sizes = append(sizes, files(t, partitionOf(dir)))
		}
		dir = clone(t, dir)
	})
	states, rolls := 0, 0
	for acknowledged := int64(18); acknowledged < records; acknowledged++ { // from before the first roll on
		had, has := sizes[acknowledged-1], sizes[acknowledged]
		isRoll := len(has) > len(had)
		if !isRoll && acknowledged != 30 || isRoll && acknowledged > 30 {
			continue // they are alike
		}
		for _, cut := range cuts(had, has) {
			states++
			at := clone(t, dir)
			for name := range files(t, partitionOf(at)) {
				path := filepath.Join(partitionOf(at), name)
				size, exists := cut[name]
				if !exists {
					os.Remove(path)
				} else if err := os.Truncate(path, size); err != nil {
					t.Fatal(err)
				}
			}
			if isRoll {
				rolls++
			}
			goesOn(t, at, acknowledged, fmt.Sprintf("%d acknowledged, files of %v", acknowledged, cut))
			os.RemoveAll(at)
		}
	}
	if states < 300 || rolls < 150 {
		t.Errorf("%d states, %d of them of a roll", states, rolls)
	}
}

// cuts returns what files may be there while one record more is written: the segment
// grows before its index does, and a roll makes both of them empty.
func cuts(had, has map[string]int64) (all []map[string]int64) {
	cut := maps.Clone(had)
	for _, suffix := range []string{".dat", ".idx"} {
		for name := range has {
			if filepath.Ext(name) == suffix && !exists(cut, name) {
				cut[name] = 0
				all = append(all, maps.Clone(cut))
			}
		}
	}
	for _, suffix := range []string{".dat", ".idx"} {
		for name, size := range has {
			for filepath.Ext(name) == suffix && cut[name] < size {
				cut[name]++
				all = append(all, maps.Clone(cut))
			}
		}
	}
	return all[:len(all)-1] // the last one is complete
}

func exists(sizes map[string]int64, name string) bool { _, ok := sizes[name]; return ok }

// goesOn fails if a broker that starts in dir has not all that was acknowledged, or
// loses what it then acknowledges.
func goesOn(t *testing.T, dir string, acknowledged int64, state string) {
	t.Helper()
	var next string
	inFolder(t, dir, func(_ *Broker, c *Client) {
		got := newest(t, c)
		// What was being written may be there, and is then taken as written.
		if !maps.Equal(got, newestOf(acknowledged)) && !maps.Equal(got, newestOf(acknowledged+1)) {
			t.Fatalf("%s: it has %v, want %v", state, got, newestOf(acknowledged))
		}
		p := c.NewPublisher()
		defer p.Close()
		publish(t, p, change(acknowledged))
		next = clone(t, dir)
	})
	defer os.RemoveAll(next)
	inFolder(t, next, func(_ *Broker, c *Client) {
		if got := newest(t, c); !maps.Equal(got, newestOf(acknowledged+1)) {
			t.Fatalf("%s: after another one it has %v, want %v", state, got, newestOf(acknowledged+1))
		}
	})
}

// What is acknowledged survives a broker that is killed at any point of a compaction,
// of ours around kfake's and of going back behind it.
func TestKilledInCompaction(t *testing.T) {
	const records = 60
	dir := scratch(t)
	var before, after string
	inFolder(t, dir, func(b *Broker, c *Client) {
		createSmall(t, b, c)
		p := c.NewPublisher()
		defer p.Close()
		for i := range int64(records) {
			publish(t, p, change(i))
		}
		before = clone(t, dir)
		b.compactAtNextProduce()
		publish(t, p, change(records))
		after = clone(t, dir)
	})
	old, compacted := files(t, partitionOf(before)), files(t, partitionOf(after))
	if len(old) < 6 || len(compacted) != 2 {
		t.Fatalf("files before %v, after %v", old, compacted)
	}
	if !exists(files(t, after), outdatedFolder) {
		t.Fatalf("nothing was kept: %v", files(t, after))
	}
	// state starts from a folder, has something done to it, and goes on.
	state := func(name, from string, acknowledged int64, do func(dir folder)) {
		at := clone(t, from)
		do(folder(at))
		goesOn(t, at, acknowledged, name)
		defer os.RemoveAll(at)
		for _, left := range []string{keptFolder, unfinishedFolder, outdatedFolder} {
			if exists(files(t, at), left) {
				t.Errorf("%s: %s is left", name, left)
			}
		}
	}
	keep := func(dir folder) { done(t, dir.keep()) }
	state("kept", before, records, keep)
	for n := range len(old) {
		state(fmt.Sprintf("%d files kept", n), before, records, func(dir folder) {
			keep(dir)
			done(t, os.Rename(dir.sub(keptFolder), dir.sub(unfinishedFolder)))
			for _, name := range slices.Sorted(maps.Keys(old))[n:] {
				done(t, os.Remove(dir.sub(unfinishedFolder, small+"-0", name)))
			}
		})
		state(fmt.Sprintf("%d files removed", n+1), before, records, func(dir folder) {
			keep(dir)
			for _, name := range slices.Sorted(maps.Keys(old))[:n+1] {
				done(t, os.Remove(dir.sub(partitionsFolder, small+"-0", name)))
			}
		})
	}
	for name, size := range compacted {
		for cut := int64(0); cut <= size; cut += 29 {
			state(fmt.Sprintf("%d bytes of %s written", cut, name), before, records, func(dir folder) {
				keep(dir)
				for name := range old {
					done(t, os.Remove(dir.sub(partitionsFolder, small+"-0", name)))
				}
				content, err := os.ReadFile(filepath.Join(partitionOf(after), name))
				done(t, err)
				done(t, os.WriteFile(dir.sub(partitionsFolder, small+"-0", name), content[:cut], 0o600))
			})
		}
	}
	state("going back: removed", before, records, func(dir folder) {
		keep(dir)
		done(t, os.RemoveAll(dir.sub(partitionsFolder, small+"-0")))
	})
	state("going back: put back", before, records, func(dir folder) {
		keep(dir)
		done(t, os.RemoveAll(dir.sub(partitionsFolder, small+"-0")))
		done(t, os.Rename(dir.sub(keptFolder, small+"-0"), dir.sub(partitionsFolder, small+"-0")))
	})
	state("released", after, records+1, func(folder) {})
	state("swept in part", after, records+1, func(dir folder) {
		done(t, os.RemoveAll(dir.sub(outdatedFolder, small+"-0", "0.dat")))
	})
}

// Where the files cannot be kept, nothing is compacted and nothing is acknowledged any
// more; and a new start goes on.
func TestWithoutAPlaceToKeepFilesNothingIsAcknowledged(t *testing.T) {
	const records = 30
	dir := scratch(t)
	inFolder(t, dir, func(b *Broker, c *Client) {
		createSmall(t, b, c)
		p := c.NewPublisher()
		defer p.Close()
		defer c.Close() // which ends what p tries
		for i := range int64(records) {
			publish(t, p, change(i))
		}
		before := files(t, partitionOf(dir))
		done(t, os.MkdirAll(folder(dir).sub(keptFolder, "in the way"), 0o700))
		b.compactAtNextProduce()
		soon, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		for range 2 {
			if p.Publish(soon, change(records)) == nil {
				t.Error("it is acknowledged all the same")
			}
		}
		if err := <-b.Failed(); !strings.HasPrefix(err.Error(), "bus: before a compaction: rename ") {
			t.Errorf("the broker has failed with %v", err)
		}
		if got := files(t, partitionOf(dir)); !maps.Equal(got, before) {
			t.Errorf("files %v, want %v as before", got, before)
		}
		dir = clone(t, dir)
		done(t, os.RemoveAll(folder(dir).sub(keptFolder)))
	})
	goesOn(t, dir, records, "after a failure")
}

package arrival

import (
	"bytes"
	"testing"
	"time"
)

// frame is one of HTTP/2.
func frame(kind, flags byte, payload []byte) []byte {
	n := len(payload)
	return append([]byte{byte(n >> 16), byte(n >> 8), byte(n), kind, flags, 0, 0, 0, 1}, payload...)
}

func TestAnswersAreStampedWhereverTheyAreCut(t *testing.T) {
	at := base.Add(1234567890)
	stamp := appendField(nil, at)
	if want := "\x00\x11crosstalk-arrived\x1000000000499602d2"; string(stamp) != want {
		t.Fatalf("the field is %q, want %q", stamp, want)
	}
	var in, want []byte
	same := func(f []byte) { in, want = append(in, f...), append(want, f...) }
	stamped := func(flags byte, payload []byte) {
		in = append(in, frame(1, flags, payload)...)
		want = append(want, frame(1, flags, append(bytes.Clone(payload), stamp...))...)
	}
	same(frame(4, 0, nil))                                   // settings
	same(frame(1, endHeaders, []byte("head")))               // of an answer: more is to come
	same(frame(0, 0, bytes.Repeat([]byte{9}, 300)))          // its data
	stamped(endStream|endHeaders, []byte("trailers"))        // its end
	stamped(endStream|endHeaders, nil)                       //
	stamped(endStream|endHeaders|0x20, []byte("prio!error")) // with a priority
	same(frame(1, endStream, []byte("to be continued")))     // is not whole
	same(frame(9, endHeaders, []byte("continuation")))       //
	same(frame(1, endStream|endHeaders|padded, []byte("\x01x.")))
	same(frame(1, endStream|endHeaders, bytes.Repeat([]byte{7}, largest-added+1)))
	stamped(endStream|endHeaders, bytes.Repeat([]byte{7}, largest-added))
	same(frame(0, endStream, []byte("data")))
	same(frame(8, 0, []byte{0, 0, 1, 0}))
	for size := 1; size <= len(in); size += 1 + size/40 {
		var f frames
		var got []byte
		for from := 0; from < len(in); from += size {
			got = f.stamp(got, in[from:min(from+size, len(in))], at)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("in reads of %d bytes, %d bytes differ from the %d that are due", size, len(got), len(want))
		}
	}
}

func TestTheMomentIsThatOfTheLastByte(t *testing.T) {
	in := frame(1, endStream|endHeaders, []byte("trailers"))
	var f frames
	first, last := base.Add(time.Second), base.Add(2*time.Second)
	got := f.stamp(nil, in[:len(in)-1], first)
	got = f.stamp(got, in[len(in)-1:], last)
	if !bytes.HasSuffix(got, appendField([]byte("trailers"), last)) {
		t.Errorf("%q does not end with the moment of its last byte", got)
	}
}

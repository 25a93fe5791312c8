package arrival

import "time"

// frames goes through what a connection brings: HTTP/2 frames, a head of 9 bytes and
// what it announces (RFC 9113, 4.1), cut anywhere into reads.
type frames struct {
	head  []byte // the part of a head that has been read
	left  int    // of the current frame
	field bool   // is to be added at its end
}

const (
	headSize    = 9
	typeHeaders = 0x1
	// The flags of a frame of headers.
	endStream, endHeaders, padded = 0x1, 0x4, 0x8
	// largest is what no frame may exceed unless the reader has said otherwise, and
	// gRPC does not.
	largest = 16 << 10
)

// stamp appends what was read at a time to out, with a field at the end of each answer.
func (f *frames) stamp(out, in []byte, at time.Time) []byte {
	for len(in) > 0 {
		if f.left == 0 && !f.field {
			need := min(headSize-len(f.head), len(in))
			f.head = append(f.head, in[:need]...)
			in = in[need:]
			if len(f.head) < headSize {
				break
			}
			out = append(out, f.begin()...)
		}
		n := min(f.left, len(in))
		out, in, f.left = append(out, in[:n]...), in[n:], f.left-n
		if f.left == 0 && f.field {
			out, f.field = appendField(out, at), false
		}
	}
	return out
}

// begin returns the head that has been read, for a longer frame where a field is to
// be added.
func (f *frames) begin() []byte {
	head := f.head
	f.head = f.head[:0]
	f.left = int(head[0])<<16 | int(head[1])<<8 | int(head[2])
	flags := head[4]
	f.field = head[3] == typeHeaders && flags&(endStream|endHeaders) == endStream|endHeaders && flags&padded == 0 &&
		f.left+added <= largest
	if f.field {
		n := f.left + added
		head[0], head[1], head[2] = byte(n>>16), byte(n>>8), byte(n)
	}
	return head
}

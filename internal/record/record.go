// Package record holds the one kind of data that the services own and exchange.
//
// Its law: a payload is a function of (service, key, version, size), so that
// anyone who holds a record can tell whether its content is the one that was
// written, without having kept it.
package record

import (
	"bytes"
	"encoding/binary"
	"time"

	"crosstalk/internal/seeded"
)

// Key names a record within one service's collection.
type Key uint64

// Record is one row of a service's database.
type Record struct {
	Key Key
	// Version counts the writes of a key, from 1.
	Version uint64
	// WrittenAt is when the owner stored this version, on the owner's clock.
	WrittenAt time.Time
	Payload   []byte
}

// Payload returns the content that version of key in service has: size bytes
// that no other (service, key, version) shares.
func Payload(service string, key Key, version uint64, size int) []byte {
	stream := seeded.NewStream(uint64(key), service, version)
	out := make([]byte, 0, size+8)
	for len(out) < size {
		out = binary.LittleEndian.AppendUint64(out, stream.Next())
	}
	return out[:size]
}

// Intact reports whether r holds the content that its key and version have in
// service, size bytes long. It compares as it goes: every answer of a run passes here.
func (r Record) Intact(service string, size int) bool {
	if len(r.Payload) != size {
		return false
	}
	stream := seeded.NewStream(uint64(r.Key), service, r.Version)
	rest := r.Payload
	for ; len(rest) >= 8; rest = rest[8:] {
		if binary.LittleEndian.Uint64(rest) != stream.Next() {
			return false
		}
	}
	var last [8]byte
	binary.LittleEndian.PutUint64(last[:], stream.Next())
	return bytes.Equal(rest, last[:len(rest)])
}

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
// service, size bytes long.
func (r Record) Intact(service string, size int) bool {
	return bytes.Equal(r.Payload, Payload(service, r.Key, r.Version, size))
}

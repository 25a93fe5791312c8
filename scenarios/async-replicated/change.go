package asyncreplicated

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/bus"
	"crosstalk/internal/record"
	"crosstalk/internal/seeded"
)

// encode returns a version of a supplier's record as a change event. Its id
// names the version, so that a copy of the event is known as one.
func encode(supplier *fakesvc.Node, write int64, r record.Record) (bus.Event, error) {
	data, err := proto.Marshal(fakesvc.ToProto([]fakesvc.Owned{{Service: supplier.Name, Record: r}})[0])
	if err != nil {
		return bus.Event{}, fmt.Errorf("encode a change of %s: %w", supplier.Name, err)
	}
	kind := "Updated"
	if r.Version == 1 {
		kind = "Created"
	}
	key, version := uint64(r.Key), r.Version
	return bus.Event{
		ID:      supplier.Name + "-" + strconv.FormatUint(key, 10) + "-" + strconv.FormatUint(version, 10),
		Type:    supplier.Host().Env().Entity(supplier.Name) + kind,
		Source:  fakesvc.SourceOf(supplier.Name),
		Time:    time.Now(),
		Request: write,
		Traceparent: fmt.Sprintf("00-%016x%016x-%016x-01",
			seeded.Hash(key, supplier.Name, version), version, seeded.Hash(version, supplier.Name, key)),
		Key:  binary.BigEndian.AppendUint64(nil, key),
		Data: data,
	}, nil
}

func decode(supplier string, event bus.Event) (record.Record, error) {
	var p fakesvcpb.Record
	if err := proto.Unmarshal(event.Data, &p); err != nil {
		return record.Record{}, fmt.Errorf("decode change %s of %s: %w", event.ID, supplier, err)
	}
	return fakesvc.FromProto([]*fakesvcpb.Record{&p})[0].Record, nil
}

// versionOf reads the key and the version of a change from its event's envelope,
// which is there also where its data is not.
func versionOf(event bus.Event) (record.Key, uint64, bool) {
	if len(event.Key) != 8 {
		return 0, 0, false
	}
	version, err := strconv.ParseUint(event.ID[strings.LastIndexByte(event.ID, '-')+1:], 10, 64)
	return record.Key(binary.BigEndian.Uint64(event.Key)), version, err == nil
}

package record

import "testing"

func TestPayloadTellsItsRecord(t *testing.T) {
	r := Record{Key: 7, Version: 3, Payload: Payload("A", 7, 3, 20)}
	if !r.Intact("A", 20) {
		t.Fatal("a record as written is not intact")
	}
	for name, change := range map[string]func(*Record){
		"another key":     func(r *Record) { r.Key++ },
		"another version": func(r *Record) { r.Version++ },
		"a flipped bit":   func(r *Record) { r.Payload[19] ^= 1 },
		"cut short":       func(r *Record) { r.Payload = r.Payload[:19] },
	} {
		changed := r
		changed.Payload = append([]byte(nil), r.Payload...)
		if change(&changed); changed.Intact("A", 20) {
			t.Errorf("%s goes unnoticed", name)
		}
	}
	if r.Intact("B", 20) {
		t.Error("the record of another service passes")
	}
}

func TestPayloadSizes(t *testing.T) {
	for _, size := range []int{0, 1, 7, 8, 9, 1024} {
		if got := len(Payload("A", 1, 1, size)); got != size {
			t.Errorf("payload of %d bytes has %d", size, got)
		}
	}
}

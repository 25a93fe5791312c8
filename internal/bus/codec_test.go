package bus

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/protocol"
)

func fullEvent() Event {
	return Event{
		ID: "id-1", Type: "UserQueryResult", Source: "/crosstalk/A",
		Time:        time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
		Correlation: "c-1", ReplyTo: "replies.D", Request: -7,
		Deadline:    time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC),
		Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		Status:      14, StatusMessage: "try later, ünder load",
		Key: []byte{0, 1}, Data: []byte("payload"),
	}
}

func TestRoundTrip(t *testing.T) {
	extremes := fullEvent()
	extremes.Request, extremes.Status = math.MinInt64, math.MaxUint32
	extremes.Time = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	extremes.Deadline = time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)
	for name, want := range map[string]Event{
		"all fields": fullEvent(),
		"required":   {ID: "i", Type: "t", Source: "s"},
		"extremes":   extremes,
	} {
		headers, err := encode(&want)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := decode(headers, want.Key, want.Data)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\n got %+v\nwant %+v", name, err, got, want)
		}
	}
}

func TestTimesAreUTCOnTheWire(t *testing.T) {
	e := fullEvent()
	e.Time = e.Time.In(time.FixedZone("", 3600))
	headers, err := encode(&e)
	if err != nil {
		t.Fatal(err)
	}
	if got := header(headers, "ce_time"); got != "2026-01-02T03:04:05.000000006Z" {
		t.Errorf("ce_time = %q", got)
	}
}

func header(headers []protocol.Header, name string) string {
	for _, h := range headers {
		if h.Key == name {
			return string(h.Value)
		}
	}
	return ""
}

// The names are an agreement with other programs, so they stand here again.
func TestHeaders(t *testing.T) {
	e := fullEvent()
	headers, err := encode(&e)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"ce_specversion":     "1.0",
		"content-type":       "application/octet-stream",
		"ce_id":              "id-1",
		"ce_type":            "UserQueryResult",
		"ce_source":          "/crosstalk/A",
		"ce_time":            "2026-01-02T03:04:05.000000006Z",
		"ce_correlationid":   "c-1",
		"ce_replyto":         "replies.D",
		"ce_ctrequest":       "-7",
		"ce_deadline":        "2026-01-02T03:04:06Z",
		"ce_ctstatus":        "14",
		"ce_ctstatusmessage": "try later, ünder load",
		"traceparent":        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	}
	got := map[string]string{}
	for _, h := range headers {
		got[h.Key] = string(h.Value)
	}
	if len(headers) != len(want) || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestEncodeErrors(t *testing.T) {
	for want, change := range map[string]func(*Event){
		`the event has no ID`:                                     func(e *Event) { e.ID = "" },
		`event "id-1" has no type`:                                func(e *Event) { e.Type = "" },
		`event "id-1" has no source`:                              func(e *Event) { e.Source = "" },
		`event "id-1": ce_time: year 10000 is outside 0 to 9999`:  func(e *Event) { e.Time = e.Time.AddDate(7974, 0, 0) },
		`event "id-1": ce_deadline: year -1 is outside 0 to 9999`: func(e *Event) { e.Deadline = e.Deadline.AddDate(-2027, 0, 0) },
	} {
		e := fullEvent()
		change(&e)
		if _, err := encode(&e); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestDecodeErrors(t *testing.T) {
	required := []protocol.Header{
		{Key: "ce_specversion", Value: []byte("1.0")}, {Key: "ce_id", Value: []byte("i")},
		{Key: "ce_type", Value: []byte("t")}, {Key: "ce_source", Value: []byte("s")},
	}
	if _, err := decode(append(required, protocol.Header{Key: "other"}), nil, nil); err != nil {
		t.Errorf("the required headers and an unknown one: %v", err)
	}
	tests := []struct{ header, value, want string }{
		{"ce_specversion", "", "header ce_specversion = \"\": only CloudEvents 1.0 is understood"},
		{"ce_specversion", "0.3", `header ce_specversion = "0.3": only CloudEvents 1.0 is understood`},
		{"ce_id", "", "header ce_id is missing or empty"},
		{"ce_type", "", "header ce_type is missing or empty"},
		{"ce_source", "", "header ce_source is missing or empty"},
		{"ce_ctrequest", "1.5", `header ce_ctrequest = "1.5": strconv.ParseInt: parsing "1.5": invalid syntax`},
		{"ce_ctstatus", "-1", `header ce_ctstatus = "-1": strconv.ParseUint: parsing "-1": invalid syntax`},
		{"ce_ctstatus", "4294967296", `header ce_ctstatus = "4294967296": strconv.ParseUint: parsing "4294967296": value out of range`},
		{"ce_time", "9999-12-31T23:59:59-01:00", `header ce_time = "9999-12-31T23:59:59-01:00": year 10000 is outside 0 to 9999`},
		{"ce_deadline", "now", `header ce_deadline = "now": parsing time "now" as "2006-01-02T15:04:05.999999999Z07:00": cannot parse "now" as "2006"`},
	}
	for _, test := range tests {
		headers := append(required[:4:4], protocol.Header{Key: test.header, Value: []byte(test.value)})
		got, err := decode(headers, []byte("k"), []byte("d"))
		if err == nil || err.Error() != test.want {
			t.Errorf("%s = %q: got %v, want %s", test.header, test.value, err, test.want)
		}
		if !reflect.DeepEqual(got, Event{Key: []byte("k"), Data: []byte("d")}) {
			t.Errorf("%s = %q: with the error came %+v", test.header, test.value, got)
		}
	}
	for i, h := range required {
		headers := append(append([]protocol.Header{}, required[:i]...), required[i+1:]...)
		if _, err := decode(headers, nil, nil); err == nil || err.Error() != "header "+h.Key+" is missing or empty" {
			t.Errorf("without %s: %v", h.Key, err)
		}
	}
}

// Whatever decodes encodes again, to the same event.
func FuzzDecode(f *testing.F) {
	f.Add("ce_ctrequest", "-7", "ce_deadline", "2026-01-02T03:04:05.5+01:00", []byte("k"), []byte("d"))
	f.Add("ce_ctstatus", "4294967296", "ce_time", "0000-01-01T00:00:00+01:00", []byte{}, []byte(nil))
	f.Add("ce_specversion", "2.0", "ce_id", "", []byte(nil), []byte{0})
	f.Add("ce_time", "0001-01-01T00:00:00Z", "traceparent", "\xff", []byte(nil), []byte{0})
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string, key, data []byte) {
		headers := []protocol.Header{
			{Key: "ce_specversion", Value: []byte("1.0")}, {Key: "ce_id", Value: []byte("i")},
			{Key: "ce_type", Value: []byte("t")}, {Key: "ce_source", Value: []byte("s")},
			{Key: name1, Value: []byte(value1)}, {Key: name2, Value: []byte(value2)},
		}
		event, err := decode(headers, key, data)
		if err != nil {
			return
		}
		again, err := encode(&event)
		if err != nil {
			t.Fatalf("%+v does not encode: %v", event, err)
		}
		back, err := decode(again, event.Key, event.Data)
		if err != nil || !reflect.DeepEqual(back, event) {
			t.Fatalf("%v\n got %+v\nwant %+v", err, back, event)
		}
	})
}

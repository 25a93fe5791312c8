package bus

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go/protocol"
)

// Header names: the CloudEvents Kafka binding puts ce_ before each attribute,
// extensions included, and none before content-type. The W3C trace context
// has a header of its own.
const (
	headerSpecVersion   = "ce_specversion"
	headerID            = "ce_id"
	headerType          = "ce_type"
	headerSource        = "ce_source"
	headerTime          = "ce_time"
	headerCorrelation   = "ce_correlationid"
	headerReplyTo       = "ce_replyto"
	headerRequest       = "ce_ctrequest"
	headerTry           = "ce_cttry"
	headerDeadline      = "ce_deadline"
	headerWait          = "ce_ctwait"
	headerWork          = "ce_ctwork"
	headerStatus        = "ce_ctstatus"
	headerStatusMessage = "ce_ctstatusmessage"
	headerTraceparent   = "traceparent"
	headerContentType   = "content-type"

	specVersion = "1.0"
	contentType = "application/octet-stream"
)

// encode returns e's headers; its key and data are the record's own. A field
// with its zero value has no header.
func encode(e *Event) ([]protocol.Header, error) {
	switch {
	case e.ID == "":
		return nil, errors.New("the event has no ID")
	case e.Type == "":
		return nil, fmt.Errorf("event %q has no type", e.ID)
	case e.Source == "":
		return nil, fmt.Errorf("event %q has no source", e.ID)
	}
	w := headerWriter{headers: make([]protocol.Header, 0, 16), values: make([]byte, 0, 512)}
	w.text(headerSpecVersion, specVersion)
	w.text(headerContentType, contentType)
	w.text(headerID, e.ID)
	w.text(headerType, e.Type)
	w.text(headerSource, e.Source)
	w.text(headerCorrelation, e.Correlation)
	w.text(headerReplyTo, e.ReplyTo)
	w.text(headerTraceparent, e.Traceparent)
	w.text(headerStatusMessage, e.StatusMessage)
	w.number(headerRequest, e.Request)
	if e.Try != 0 { // of 64 bits without a sign
		w.add(headerTry, strconv.AppendUint(w.values, e.Try, 10))
	}
	w.number(headerWait, int64(e.Wait))
	w.number(headerWork, int64(e.Work))
	w.number(headerStatus, int64(e.Status))
	for _, t := range []struct {
		header string
		at     time.Time
	}{{headerTime, e.Time}, {headerDeadline, e.Deadline}} {
		if t.at.IsZero() {
			continue
		}
		if err := representable(t.at); err != nil {
			return nil, fmt.Errorf("event %q: %s: %w", e.ID, t.header, err)
		}
		w.add(t.header, t.at.UTC().AppendFormat(w.values, time.RFC3339Nano))
	}
	return w.headers, nil
}

// headerWriter writes the values of headers one after the other into one buffer.
// Where that must grow, the values before keep the one that they are in.
type headerWriter struct {
	headers []protocol.Header
	values  []byte
}

// add takes what a caller has appended to values as the value of a header.
func (w *headerWriter) add(key string, appended []byte) {
	value := appended[len(w.values):]
	w.headers = append(w.headers, protocol.Header{Key: key, Value: value[:len(value):len(value)]})
	w.values = appended
}

func (w *headerWriter) text(key, value string) {
	if value != "" {
		w.add(key, append(w.values, value...))
	}
}

func (w *headerWriter) number(key string, n int64) {
	if n != 0 {
		w.add(key, strconv.AppendInt(w.values, n, 10))
	}
}

// decode is the inverse of encode, except that times come back in UTC and
// without a monotonic reading. Headers it does not know are ignored; of a
// repeated one the last counts.
func decode(headers []protocol.Header, key, data []byte) (Event, error) {
	e := Event{Key: nilIfEmpty(key), Data: nilIfEmpty(data)}
	version := ""
	// All values are made into one string, of which each is a part: it is one object
	// and not a dozen.
	var room [512]byte
	joined := room[:0]
	for _, h := range headers {
		joined = append(joined, h.Value...)
	}
	values := string(joined)
	for _, h := range headers {
		var value string
		value, values = values[:len(h.Value)], values[len(h.Value):]
		if err := e.set(&version, h.Key, value); err != nil {
			return Event{Key: e.Key, Data: e.Data}, fmt.Errorf("header %s = %q: %w", h.Key, h.Value, err)
		}
	}
	for _, required := range []struct{ header, value string }{
		{headerSpecVersion, version}, {headerID, e.ID}, {headerType, e.Type}, {headerSource, e.Source},
	} {
		if required.value == "" {
			return Event{Key: e.Key, Data: e.Data}, fmt.Errorf("header %s is missing or empty", required.header)
		}
	}
	return e, nil
}

func (e *Event) set(version *string, header, value string) (err error) {
	switch header {
	case headerSpecVersion:
		if *version = value; value != specVersion {
			err = errors.New("only CloudEvents " + specVersion + " is understood")
		}
	case headerID:
		e.ID = value
	case headerType:
		e.Type = value
	case headerSource:
		e.Source = value
	case headerCorrelation:
		e.Correlation = value
	case headerReplyTo:
		e.ReplyTo = value
	case headerTraceparent:
		e.Traceparent = value
	case headerStatusMessage:
		e.StatusMessage = value
	case headerRequest:
		e.Request, err = strconv.ParseInt(value, 10, 64)
	case headerTry:
		e.Try, err = strconv.ParseUint(value, 10, 64)
	case headerWait:
		e.Wait, err = nanos(value)
	case headerWork:
		e.Work, err = nanos(value)
	case headerStatus:
		var code uint64
		code, err = strconv.ParseUint(value, 10, 32)
		e.Status = uint32(code)
	case headerTime:
		e.Time, err = parseTime(value)
	case headerDeadline:
		e.Deadline, err = parseTime(value)
	}
	return err
}

func nanos(value string) (time.Duration, error) {
	n, err := strconv.ParseInt(value, 10, 64)
	return time.Duration(n), err
}

func parseTime(value string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, value)
	if err != nil {
		return time.Time{}, err
	}
	return t.UTC(), representable(t)
}

// representable refuses the years that RFC 3339 cannot write. A zone can push
// a time that was parsed past them.
func representable(t time.Time) error {
	if year := t.UTC().Year(); year < 0 || year > 9999 {
		return fmt.Errorf("year %d is outside 0 to 9999", year)
	}
	return nil
}

func nilIfEmpty(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

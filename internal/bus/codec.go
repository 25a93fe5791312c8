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
	headers := make([]protocol.Header, 0, 16)
	add := func(key, value string) {
		if value != "" {
			headers = append(headers, protocol.Header{Key: key, Value: []byte(value)})
		}
	}
	add(headerSpecVersion, specVersion)
	add(headerContentType, contentType)
	add(headerID, e.ID)
	add(headerType, e.Type)
	add(headerSource, e.Source)
	add(headerCorrelation, e.Correlation)
	add(headerReplyTo, e.ReplyTo)
	add(headerTraceparent, e.Traceparent)
	add(headerStatusMessage, e.StatusMessage)
	if e.Request != 0 {
		add(headerRequest, strconv.FormatInt(e.Request, 10))
	}
	if e.Try != 0 {
		add(headerTry, strconv.FormatUint(e.Try, 10))
	}
	if e.Wait != 0 {
		add(headerWait, strconv.FormatInt(int64(e.Wait), 10))
	}
	if e.Work != 0 {
		add(headerWork, strconv.FormatInt(int64(e.Work), 10))
	}
	if e.Status != 0 {
		add(headerStatus, strconv.FormatUint(uint64(e.Status), 10))
	}
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
		add(t.header, t.at.UTC().Format(time.RFC3339Nano))
	}
	return headers, nil
}

// decode is the inverse of encode, except that times come back in UTC and
// without a monotonic reading. Headers it does not know are ignored; of a
// repeated one the last counts.
func decode(headers []protocol.Header, key, data []byte) (Event, error) {
	e := Event{Key: nilIfEmpty(key), Data: nilIfEmpty(data)}
	version := ""
	for _, h := range headers {
		if err := e.set(&version, h.Key, string(h.Value)); err != nil {
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

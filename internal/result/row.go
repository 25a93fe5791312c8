package result

import (
	"fmt"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/fault"
)

// Judgement is what the oracle says of one answer.
type Judgement uint8

// The judgements. Unjudged is that of a failed request, which has no answer, and of an
// intact answer to a driver that does not know what was written: it may be stale.
const (
	Unjudged Judgement = iota
	Correct
	Stale
	Backwards
	Missing
	Corrupt
)

// String returns the judgement's name, in lower case.
func (j Judgement) String() string {
	names := [...]string{"unjudged", "correct", "stale", "backwards", "missing", "corrupt"}
	if int(j) < len(names) {
		return names[j]
	}
	return fmt.Sprintf("judgement(%d)", uint8(j))
}

// Row is one request, complete. Times count from the start of the measured part.
type Row struct {
	// ID is the request's number. In the warm-up it is negative, as Due is.
	ID   int64
	Due  time.Duration
	Sent time.Duration
	Done time.Duration
	// Handling is how long after Done the driver came to count the request: its own
	// time, which is in no other figure. It is 0 where nothing tells when Done was.
	Handling  time.Duration
	Code      codes.Code
	Judgement Judgement
	// Staleness is how long the oldest version had been outdated; 0 unless Stale.
	Staleness time.Duration
}

// samplesHeader names the columns of samples.csv.
const samplesHeader = "id,due_seconds,sent_seconds,done_seconds,code,judgement,staleness_seconds\n"

// appendCSV appends the row as a line of samples.csv, times to the nanosecond.
// No field can hold a comma or a quote, so none is quoted.
func (r Row) appendCSV(b []byte) []byte {
	b = append(strconv.AppendInt(b, r.ID, 10), ',')
	for _, at := range [...]time.Duration{r.Due, r.Sent, r.Done} {
		b = append(appendSeconds(b, at), ',')
	}
	b = append(append(b, fault.CodeName(r.Code)...), ',')
	b = append(append(b, r.Judgement.String()...), ',')
	return append(appendSeconds(b, r.Staleness), '\n')
}

func appendSeconds(b []byte, d time.Duration) []byte {
	return strconv.AppendFloat(b, d.Seconds(), 'f', 9, 64)
}

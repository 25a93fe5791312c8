package result

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

// What is written as samples is read back as it was, to the nanosecond.
func TestSamplesAreReadBack(t *testing.T) {
	rows := []Row{
		{ID: -1, Due: -1500 * ms, Sent: -1499999999, Done: -1, Judgement: Correct},
		{ID: 0, Due: 1, Sent: 2, Done: 3, Code: codes.DeadlineExceeded},
		{ID: 1, Due: time.Hour + 1, Sent: time.Hour + 2, Done: time.Hour + 987654321, Judgement: Stale, Staleness: 123456789},
		{ID: 2, Code: codes.NotFound, Judgement: Missing},
		{ID: 3, Judgement: Backwards}, {ID: 4, Judgement: Corrupt, Code: codes.Unauthenticated},
	}
	text := []byte(samplesHeader)
	for _, r := range rows {
		text = r.appendCSV(text)
	}
	dir := t.TempDir()
	if got, err := LoadSamples(dir); got != nil || err != nil {
		t.Errorf("without a file: %v, %v", got, err)
	}
	if err := os.WriteFile(filepath.Join(dir, SamplesFile), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := LoadSamples(dir); err != nil || !reflect.DeepEqual(got, rows) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestBrokenSamples(t *testing.T) {
	for text, want := range map[string]string{
		"": "line 1", "id,due\n": "line 1",
		samplesHeader + "1,2,3\n":                                        "wrong number of fields",
		samplesHeader + "x,0,0,0,OK,correct,0\n":                         "line 2",
		samplesHeader + "0,0,0,0,OK,correct,0\n1,0,0,NaN,OK,correct,0\n": `line 3: "NaN" is no time`,
		samplesHeader + "1,0,0,0,FINE,correct,0\n":                       `unknown code "FINE"`,
		samplesHeader + "1,0,0,0,OK,right,0\n":                           `unknown judgement "right"`,
	} {
		if _, err := readSamples(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

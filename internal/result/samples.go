package result

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/fault"
)

// LoadSamples reads the requests of a run's samples.csv, warm-up included, in the
// order in which they were complete. It returns none, and no error, where the run
// wrote no such file.
func LoadSamples(dir string) ([]Row, error) {
	path := filepath.Join(dir, SamplesFile)
	f, err := openFile(path, unbounded)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := readSamples(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rows, nil
}

func readSamples(from io.Reader) ([]Row, error) {
	lines := csv.NewReader(&lineReader{from: from})
	lines.ReuseRecord = true
	header, err := lines.Read()
	if err != nil || strings.Join(header, ",")+"\n" != samplesHeader {
		return nil, errors.New("line 1 is not the header of samples")
	}
	var rows []Row
	for {
		fields, err := lines.Read()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		row, err := rowOf(fields)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(rows)+2, err)
		}
		rows = append(rows, row)
	}
}

func rowOf(fields []string) (r Row, err error) {
	if r.ID, err = strconv.ParseInt(fields[0], 10, 64); err != nil {
		return r, err
	}
	for i, to := range map[int]*time.Duration{1: &r.Due, 2: &r.Sent, 3: &r.Done, 6: &r.Staleness} {
		if *to, err = seconds(fields[i]); err != nil {
			return r, err
		}
	}
	if r.Sent > r.Done {
		return r, fmt.Errorf("it was sent at %s s and done at %s s, before", fields[2], fields[3])
	}
	if r.Code, err = codeOf(fields[4]); err != nil {
		return r, err
	}
	r.Judgement, err = judgementOf(fields[5])
	return r, err
}

// seconds reads what appendSeconds wrote, to the nanosecond.
func seconds(text string) (time.Duration, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(math.Abs(v) < math.MaxInt64/2e9) {
		return 0, fmt.Errorf("%q is no time in seconds", text)
	}
	return time.Duration(math.Round(v * 1e9)), nil
}

func codeOf(name string) (codes.Code, error) {
	for code := codes.OK; code <= codes.Unauthenticated; code++ {
		if fault.CodeName(code) == name {
			return code, nil
		}
	}
	return 0, fmt.Errorf("unknown code %q", name)
}

func judgementOf(name string) (Judgement, error) {
	all := []Judgement{Unjudged, Correct, Stale, Backwards, Missing, Corrupt}
	i := slices.IndexFunc(all, func(j Judgement) bool { return j.String() == name })
	if i < 0 {
		return 0, fmt.Errorf("unknown judgement %q", name)
	}
	return all[i], nil
}

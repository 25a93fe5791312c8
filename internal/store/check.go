package store

import (
	"errors"
	"fmt"
	"math"
	"time"

	"crosstalk/internal/record"
)

func checkName(name string) error {
	if name == "" {
		return errors.New("name is empty")
	}
	for _, r := range name {
		if !nameHas(r) {
			return fmt.Errorf("name %q has %q: want letters, digits, '_', '-' and '.'", name, r)
		}
	}
	return nil
}

func nameHas(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' ||
		r == '_' || r == '-' || r == '.'
}

func checkRecord(r *record.Record) error {
	if r.Version < 1 || r.Version > math.MaxInt64 {
		return fmt.Errorf("key %d: version %d is not in 1..%d", r.Key, r.Version, int64(math.MaxInt64))
	}
	if year := r.WrittenAt.UTC().Year(); !r.WrittenAt.IsZero() && (year < 1678 || year > 2261) {
		return fmt.Errorf("key %d: written at %v: not in 1678..2261", r.Key, r.WrittenAt)
	}
	return nil
}

// zeroTime stands for the zero time; it is before 1678 itself.
const zeroTime = math.MinInt64

// nanos is the stored form of a checked time.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return zeroTime
	}
	return t.UnixNano()
}

// instant is the inverse of nanos, in UTC.
func instant(nanos int64) time.Time {
	if nanos == zeroTime {
		return time.Time{}
	}
	return time.Unix(0, nanos).UTC()
}

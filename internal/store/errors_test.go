package store

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"crosstalk/internal/record"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// What callers tell apart is what the engine said, whatever it said it by.
func TestErrorsOfTheEngines(t *testing.T) {
	for err, want := range map[error]error{syscall.ENOSPC: ErrFull, syscall.EFBIG: ErrFull, syscall.EDQUOT: ErrFull, syscall.EIO: nil} {
		if got := boltError(fmt.Errorf("write: %w", err)); !errors.Is(got, err) || errors.Is(got, ErrFull) != (want != nil) {
			t.Errorf("bbolt: %v", got)
		}
	}
	if boltError(nil) != nil || sqliteError(nil) != nil || postgresError(nil) != nil {
		t.Error("none is one")
	}
	for code, want := range map[string]error{"57P01": ErrAway, "08006": ErrAway, "53100": ErrFull, "42501": nil, "": nil} {
		got := postgresError(fmt.Errorf("x: %w", &pgconn.PgError{Code: code, Message: "said"}))
		for _, one := range []error{ErrAway, ErrFull} {
			if errors.Is(got, one) != (one == want) {
				t.Errorf("PostgreSQL, %q: %v", code, got)
			}
		}
		if want == nil && got.Error() != "said (SQLSTATE "+code+")" {
			t.Errorf("PostgreSQL, %q: %v", code, got)
		}
	}
	if got := postgresError(pgx.ErrNoRows); got != ErrNotFound {
		t.Error(got)
	}
	if got := postgresError(errors.New("a\nb")); !errors.Is(got, ErrAway) || got.Error() != "database is away: a b" {
		t.Error(got)
	}
}

// Names are of these letters and no others; times are what an int64 of nanoseconds holds.
func TestWhatIsChecked(t *testing.T) {
	if err := checkName("azAZ09_-."); err != nil {
		t.Error(err)
	}
	for _, r := range "`{@[/:,^ é" {
		if checkName("a"+string(r)) == nil {
			t.Errorf("a name may have %q", r)
		}
	}
	at := func(year int) error {
		return checkRecord(&record.Record{Version: 1, WrittenAt: time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC)})
	}
	for year, want := range map[int]bool{1677: false, 1678: true, 2261: true, 2262: false} {
		if (at(year) == nil) != want {
			t.Errorf("written in %d: %v", year, at(year))
		}
	}
}

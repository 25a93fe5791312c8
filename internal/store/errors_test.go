package store

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

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

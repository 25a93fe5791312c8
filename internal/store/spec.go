package store

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Kind is a kind of database.
type Kind string

// The kinds. Sqlite and Bbolt keep one file per store, Postgres one schema.
const (
	Memory   Kind = "memory"
	Sqlite   Kind = "sqlite"
	Bbolt    Kind = "bbolt"
	Postgres Kind = "postgres"
)

// Local returns the kinds that need nothing but a folder.
func Local() []Kind { return []Kind{Memory, Sqlite, Bbolt} }

// Shared tells whether several processes may have a database of the kind open.
func (k Kind) Shared() bool { return k == Sqlite || k == Postgres }

// Spec says which database. As text it is the name of a local kind, or the URL of
// a PostgreSQL database.
type Spec struct {
	Kind Kind
	URL  string // of a database of kind Postgres, without a password; else empty
}

// String returns the text.
func (s Spec) String() string {
	if s.Kind == Postgres {
		return s.URL
	}
	return string(s.Kind)
}

// MarshalText returns the text; an unknown kind is an error.
func (s Spec) MarshalText() ([]byte, error) { return []byte(s.String()), s.check() }

// UnmarshalText reads the text; the error lists what there is.
func (s *Spec) UnmarshalText(text []byte) error {
	parsed := Spec{Kind: Kind(text)}
	if scheme, _, ok := strings.Cut(string(text), "://"); ok && (scheme == "postgres" || scheme == "postgresql") {
		parsed = Spec{Kind: Postgres, URL: string(text)}
	}
	if err := parsed.check(); err != nil {
		return err
	}
	*s = parsed
	return nil
}

func (s Spec) check() error {
	switch {
	case s.Kind == Postgres && s.URL != "":
		return checkURL(s.URL)
	case slices.Contains(Local(), s.Kind):
		return nil
	}
	names := make([]string, 0, len(Local()))
	for _, kind := range Local() {
		names = append(names, string(kind))
	}
	return fmt.Errorf("unknown kind of store %q: want one of %s, or a URL such as postgres://user@host/database",
		string(s.Kind), strings.Join(names, ", "))
}

// checkURL refuses a password, and does not repeat it: an experiment is shown, and
// kept with its results.
func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return errors.New("not a URL such as postgres://user@host/database")
	}
	_, secret := u.User.Password()
	if secret || u.Query().Has("password") || u.Query().Has("sslpassword") {
		return errors.New("a password has no place in the URL, which is kept with the results: give it by PGPASSWORD or ~/.pgpass")
	}
	if _, err := pgxpool.ParseConfig(text); err != nil {
		return errors.New(oneLine(err))
	}
	return nil
}

// oneLine is the text of an error that may have several lines, and some twice: each
// way to an address has its own.
func oneLine(err error) string {
	var lines []string
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " ")
}

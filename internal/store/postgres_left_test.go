package store

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"crosstalk/internal/bus"
	"crosstalk/internal/record"

	"github.com/jackc/pgx/v5"
)

// A schema's name is kept whole as far as PostgreSQL keeps it; a longer one ends in its hash.
func TestSchemaNames(t *testing.T) {
	whole, long := strings.Repeat("r", 61), strings.Repeat("r", 62)
	if got := schemaOf(whole, "a"); got != whole+"-a" {
		t.Errorf("of 63 characters: %s", got)
	}
	one, other := schemaOf(long, "a"), schemaOf(long, "b")
	if len(one) != 63 || len(other) != 63 || one == other || one[:46] != long[:46] || one[46] != '-' || one != schemaOf(long, "a") {
		t.Errorf("of 64 characters: %s and %s", one, other)
	}
}

// A connection is waited for as long as the URL says, else for five seconds, and says whose
// it is.
func TestHowPostgresIsDialled(t *testing.T) {
	for query, want := range map[string]struct {
		wait time.Duration
		name string
	}{"": {postgresDial, "crosstalk"}, "?connect_timeout=2&application_name=mine": {2 * time.Second, "mine"}} {
		pool, err := postgresPool(t.Context(), "postgres://u@127.0.0.1:1/db"+query)
		if err != nil {
			t.Fatal(err)
		}
		if c := pool.Config().ConnConfig; c.ConnectTimeout != want.wait || c.RuntimeParams["application_name"] != want.name {
			t.Errorf("%q: %v, %q", query, c.ConnectTimeout, c.RuntimeParams["application_name"])
		}
		pool.Close()
	}
}

// counted is what a query counts.
func counted(t *testing.T, sql string, arguments ...any) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), os.Getenv(postgresVariable))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), sql, arguments...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func opened(s Store, name string) error {
	_, err := s.Collection(context.Background(), name)
	return err
}

// A store that was closed has no connection any more, nor has one that could not be
// opened; one that was removed has no schema.
func TestPostgresLeavesNothingBehind(t *testing.T) {
	u := realPostgres(t)
	query := u.Query()
	query.Set("application_name", "crosstalk-test-left")
	u.RawQuery = query.Encode()
	spec, place := Spec{Kind: Postgres, URL: u.String()}, Place{Run: "crosstalk-test-left"}
	connections := func() int {
		return counted(t, "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", "crosstalk-test-left")
	}
	schemas := func() int {
		return counted(t, "SELECT count(*) FROM pg_namespace WHERE nspname = $1", "crosstalk-test-left-a")
	}
	await := func(what string, most int) {
		t.Helper()
		for begin := time.Now(); connections() > most; time.Sleep(10 * time.Millisecond) { // the server ends them by itself
			if time.Since(begin) > 10*time.Second {
				t.Fatalf("%d connections are left %s", connections(), what)
			}
		}
	}
	s, err := Open(t.Context(), spec, place, "a")
	if err != nil {
		t.Fatal(err)
	}
	write(t, collection(t, s, "users"), 1, rec(1, 1))
	// The longest names that are kept whole, with what is before them.
	longest := strings.Repeat("c", 63-len("position."))
	if err := errors.Join(opened(s, longest), opened(s, longest+"c")); err == nil || err.Error() != `open collection "`+longest+`c": PostgreSQL keeps names of 54 characters at most` {
		t.Errorf("a name of 55 characters, and one less: %v", err)
	}
	if connections() == 0 || schemas() != 1 {
		t.Errorf("%d connections and %d schemas of a store that is open", connections(), schemas())
	}
	other, err := Open(t.Context(), spec, place, "a")
	if err != nil {
		t.Fatal(err)
	}
	o, c := outboxOf(t, collection(t, s, "users")), collection(t, other, "users")
	n := connections()
	if _, err := c.Outbox(t.Context()); !errors.Is(err, ErrHeld) {
		t.Errorf("error %v, want ErrHeld", err)
	}
	await("of one that cannot hold the outbox", n)
	if err := errors.Join(o.Close(), other.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	await("after it was closed", 0)
	if err := Remove(t.Context(), place, map[string]Spec{"a": spec}); err != nil || schemas() != 0 {
		t.Errorf("%v, %d schemas are left", err, schemas())
	}
	await("after it was removed", 0)
	// PostgreSQL keeps these names for itself.
	if _, err := Open(t.Context(), spec, Place{Run: "pg_reserved"}, "a"); err == nil {
		t.Error("a schema of a name that is reserved")
	}
	await("of one that could not be opened", 0)
}

// Whoever waits for a server that does not answer waits no longer than its caller, and is
// not told that the database is away.
func TestPostgresIsNotAwayForWhoGaveUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // which takes connections in, and nothing more
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	pool, err := postgresPool(t.Context(), "postgres://u@"+l.Addr().String()+"/db?sslmode=disable&connect_timeout=600")
	if err != nil {
		t.Fatal(err)
	}
	users := &postgresTable{db: &postgres{pool: pool}}
	for what, do := range map[string]func(ctx context.Context) error{
		"get":  func(ctx context.Context) error { _, err := users.get(ctx, 1); return err },
		"hold": func(ctx context.Context) error { _, err := users.hold(ctx); return err },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if err := do(ctx); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrAway) {
			t.Errorf("%s: %v, want the caller's deadline", what, err)
		}
		cancel()
	}
	l.Close()
	pool.Close()
}

// Whoever enters something, locks several rows or keeps a position waits for the right to
// write; one row alone does not.
func TestPostgresWritesInTurn(t *testing.T) {
	u := realPostgres(t)
	query := u.Query()
	query.Set("application_name", "crosstalk-test-turn")
	u.RawQuery = query.Encode()
	spec, place := Spec{Kind: Postgres, URL: u.String()}, Place{Run: "crosstalk-test-turn"}
	s, err := Open(t.Context(), spec, place, "a")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(s.Close(), Remove(context.Background(), place, map[string]Spec{"a": spec})); err != nil {
			t.Error(err)
		}
	}()
	c := collection(t, s, "users")
	conn, err := pgx.Connect(t.Context(), os.Getenv(postgresVariable))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	lock := func(function string) {
		if _, err := conn.Exec(t.Context(), "SELECT "+function+"($1)", lockOf("crosstalk-test-turn-a/users/writing")); err != nil {
			t.Fatal(err)
		}
	}
	for what, do := range map[string]struct {
		put   func() error
		waits bool
	}{
		"a row":    {func() error { _, err := c.Put(t.Context(), []record.Record{rec(1, 1)}); return err }, false},
		"two rows": {func() error { _, err := c.Put(t.Context(), []record.Record{rec(2, 1), rec(3, 1)}); return err }, true},
		"a write":  {func() error { _, err := c.Write(t.Context(), 1, []record.Record{rec(4, 1)}); return err }, true},
		"a position": {func() error {
			_, err := c.Apply(t.Context(), []record.Record{rec(5, 1)}, map[int]bus.Position{0: at(1)})
			return err
		}, true},
	} {
		lock("pg_advisory_lock")
		done := make(chan error, 1)
		go func() { done <- do.put() }()
		waits := false
		for len(done) == 0 && !waits {
			waits = counted(t, `SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
				WHERE locktype = 'advisory' AND NOT granted AND application_name = $1`, "crosstalk-test-turn") > 0
		}
		lock("pg_advisory_unlock")
		if err := <-done; err != nil || waits != do.waits {
			t.Errorf("%s waits for the right to write: %v, %v", what, waits, err)
		}
	}
}

package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crosstalk/internal/record"

	"github.com/jackc/pgx/v5"
)

func TestPostgresThatIsNotThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	_, err = Open(context.Background(), Spec{Kind: Postgres, URL: "postgres://u@" + address + "/db"}, Place{Run: "r"}, "a")
	wantLine(t, err, ErrAway, `open store "a": database is away: `, address, "connection refused")
	if err != nil && strings.Count(err.Error(), "refused") != 1 {
		t.Errorf("error %q says it twice", err)
	}
}

func wantLine(t *testing.T, err, is error, begin string, has ...string) {
	t.Helper()
	if err == nil || is != nil && !errors.Is(err, is) || !strings.HasPrefix(err.Error(), begin) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q, want one line that begins with %q and is %v", err, begin, is)
		return
	}
	for _, part := range has {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q has no %q", err, part)
		}
	}
}

// realPostgres is the URL of a database, for tests of PostgreSQL alone.
func realPostgres(t *testing.T) *url.URL {
	t.Helper()
	text := os.Getenv(postgresVariable)
	if text == "" {
		t.Skip("there is no PostgreSQL: set " + postgresVariable + ", by scripts/postgres")
	}
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func statement(t *testing.T, sql string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), os.Getenv(postgresVariable))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), sql); err != nil {
		t.Fatal(err)
	}
}

func TestPostgresThatRefuses(t *testing.T) {
	u := realPostgres(t)
	statement(t, "CREATE ROLE crosstalk_guest LOGIN PASSWORD 'guest'")
	t.Cleanup(func() { statement(t, "DROP ROLE crosstalk_guest") })
	u.User, u.RawQuery = url.User("crosstalk_guest"), "sslmode=disable"
	open := func(password, text string) error {
		t.Setenv("PGPASSWORD", password)
		_, err := Open(context.Background(), Spec{Kind: Postgres, URL: text}, Place{Run: "r"}, "a")
		return err
	}
	wantLine(t, open("wrong", u.String()), nil, `open store "a": `, "password authentication failed for user")
	wantLine(t, open("guest", u.String()), nil, `open store "a": `, "permission denied for database")
	u.Path = "/nowhere"
	wantLine(t, open("guest", u.String()), nil, `open store "a": `, `database "nowhere" does not exist`)
}

// tunnel is a way to a server that can be cut, or swallow what is sent.
type tunnel struct {
	net.Listener
	to       string
	swallows atomic.Bool
	mu       sync.Mutex
	isCut    bool
	conns    []net.Conn
}

// swallowing is an end of a tunnel.
type swallowing struct {
	net.Conn
	swallows *atomic.Bool
}

func (s swallowing) Write(b []byte) (int, error) {
	if s.swallows.Load() {
		return len(b), nil
	}
	return s.Conn.Write(b)
}

func newTunnel(t *testing.T, to string) *tunnel {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &tunnel{Listener: l, to: to}
	var running sync.WaitGroup
	t.Cleanup(func() { l.Close(); w.cut(); running.Wait() })
	running.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			if out := w.connect(in); out != nil {
				running.Go(func() { _, _ = io.Copy(swallowing{out, &w.swallows}, in); out.Close() })
				running.Go(func() { _, _ = io.Copy(in, out); in.Close() })
			}
		}
	})
	return w
}

func (w *tunnel) connect(in net.Conn) net.Conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	out, err := net.Dial("tcp", w.to)
	if err != nil || w.isCut {
		in.Close()
		if err == nil {
			out.Close()
		}
		return nil
	}
	w.conns = append(w.conns, in, out)
	return out
}

func (w *tunnel) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isCut = true
	for _, c := range w.conns {
		c.Close()
	}
	w.conns = nil
}

func (w *tunnel) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isCut = false
}

// A server that never answers is waited for once, however many databases were on it.
func TestRemoveWaitsOnce(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // which takes connections in, and nothing more
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	spec := Spec{Kind: Postgres, URL: "postgres://u@" + l.Addr().String() + "/db?sslmode=disable&connect_timeout=1"}
	took := func(n int) time.Duration {
		databases := map[string]Spec{"file": {Kind: Sqlite}}
		for i := range n {
			databases[fmt.Sprintf("s%02d", i)] = spec
		}
		begin := time.Now()
		err := Remove(t.Context(), Place{Run: "r"}, databases)
		if err == nil || !errors.Is(err, ErrAway) || strings.Count(err.Error(), " may be left at ") != n ||
			!strings.HasPrefix(err.Error(), "schema r-s00 may be left") {
			t.Errorf("of %d: error %v, want a line for each", n, err)
		}
		return time.Since(begin)
	}
	if one, many := took(1), took(20); many > 5*one {
		t.Errorf("20 took %v, one %v", many, one)
	}
}

// No server is waited for longer than the caller does.
func TestRemoveEndsWithItsContext(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	spec := Spec{Kind: Postgres, URL: "postgres://u@" + l.Addr().String() + "/db?sslmode=disable&connect_timeout=600"}
	done := make(chan error, 1)
	go func() { done <- Remove(ctx, Place{Run: "r"}, map[string]Spec{"a": spec}) }()
	select {
	case err := <-done:
		wantLine(t, err, ErrAway, "schema r-a may be left at postgres://")
	case <-time.After(time.Minute):
		t.Error("it still waits")
	}
}

// Whoever stops while a server swallows what it is sent does not wait for its lock to end.
func TestPostgresReleasesAtOnce(t *testing.T) {
	u := realPostgres(t)
	way := newTunnel(t, u.Host)
	config, err := pgx.ParseConfig(u.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PGPASSWORD", config.Password)
	u.Host, u.RawQuery = way.Addr().String(), "sslmode=disable"
	spec, place := Spec{Kind: Postgres, URL: u.String()}, Place{Run: "crosstalk-test-release"}
	defer Remove(context.Background(), place, map[string]Spec{"a": specOf(Postgres)})
	s, err := Open(t.Context(), spec, place, "a")
	if err != nil {
		t.Fatal(err)
	}
	c := collection(t, s, "users")
	write(t, c, 1, rec(1, 1))
	outboxOf(t, c)
	way.swallows.Store(true)
	begin := time.Now()
	_ = s.Close()
	if took := time.Since(begin); took > postgresWait/2 {
		t.Errorf("it took %v to close", took)
	}
}

// The server goes away and comes back: each operation says so meanwhile, what was
// stored is there afterwards, and the one who held the outbox can take it again.
func TestPostgresGoesAwayAndComesBack(t *testing.T) {
	u := realPostgres(t)
	way := newTunnel(t, u.Host)
	// The password is for the server's own address.
	config, err := pgx.ParseConfig(u.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PGPASSWORD", config.Password)
	u.Host, u.RawQuery = way.Addr().String(), "sslmode=disable"
	ctx, place := context.Background(), Place{Run: "crosstalk-test-away"}
	spec := Spec{Kind: Postgres, URL: u.String()}
	s, err := Open(ctx, spec, place, "a")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(s.Close(), Remove(ctx, place, map[string]Spec{"a": spec})); err != nil {
			t.Error(err)
		}
	}()
	c := collection(t, s, "users")
	write(t, c, 1, rec(1, 1))
	o := outboxOf(t, c)
	way.cut()
	_, get := c.Get(ctx, 1)
	_, put := c.Write(ctx, 2, []record.Record{rec(1, 2)})
	_, position := c.Position(ctx)
	_, _, read := o.Pending(ctx, 0, 10)
	for what, err := range map[string]error{"get": get, "write": put, "read the position of": position, "read the outbox of": read} {
		wantLine(t, err, ErrAway, what+` collection "users": database is away: `)
	}
	wantLine(t, Remove(ctx, place, map[string]Spec{"a": spec}), ErrAway, "schema crosstalk-test-away-a may be left at postgres://", "DROP SCHEMA")
	way.mend()
	if err := o.Close(); err != nil {
		t.Error(err)
	}
	wantGet(t, c, rec(1, 1))
	again := awaitOutbox(t, c)
	defer again.Close()
	entries, _ := pending(t, again, 0, 10)
	wantPending(t, entries, Entry{0, 1, rec(1, 1)})
	wantStored(t, write(t, c, 3, rec(1, 2)), rec(1, 2))
}

// With a pool of one connection all goes on while the outbox is held, and who cannot hold
// it leaves nothing behind.
func TestPostgresWithOneConnection(t *testing.T) {
	u := realPostgres(t)
	query := u.Query()
	query.Set("pool_max_conns", "1")
	u.RawQuery = query.Encode()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	spec, place := Spec{Kind: Postgres, URL: u.String()}, Place{Run: "crosstalk-test-one"}
	open := func() Store {
		s, err := Open(ctx, spec, place, "a")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s, other := open(), open()
	defer func() {
		if err := errors.Join(s.Close(), other.Close(), Remove(context.Background(), place, map[string]Spec{"a": spec})); err != nil {
			t.Error(err)
		}
	}()
	c := collection(t, s, "users")
	o, err := c.Outbox(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(ctx, 1, []record.Record{rec(1, 1)}); err != nil {
		t.Fatalf("write while the outbox is held: %v", err)
	}
	rows := 0
	if err := c.Each(ctx, func(record.Record) error { rows++; return nil }); err != nil || rows != 1 {
		t.Errorf("%v, %d rows", err, rows)
	}
	if _, err := collection(t, other, "users").Outbox(ctx); !errors.Is(err, ErrHeld) {
		t.Errorf("error %v, want ErrHeld", err)
	}
	if entries, _, err := o.Pending(ctx, 0, 10); err != nil || len(entries) != 1 {
		t.Errorf("%v, %d entries", err, len(entries))
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
	again, err := collection(t, other, "users").Outbox(ctx)
	if err != nil {
		t.Fatalf("after it was closed: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

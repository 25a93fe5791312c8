package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"strings"
	"testing"
)

// counting is a database of which is counted what is open: connections and statements.
// Its connection number failing cannot be opened.
type counting struct{ opened, failing, connections, statements int }

var errNoConnection, errFarewell = errors.New("no connection"), errors.New("no farewell")

func (c *counting) Open(string) (driver.Conn, error) {
	if c.opened++; c.opened == c.failing {
		return nil, errNoConnection
	}
	c.connections++
	return countedConn{c}, nil
}

type countedConn struct{ *counting }

func (c countedConn) Prepare(string) (driver.Stmt, error) {
	c.statements++
	return countedStatement(c), nil
}
func (c countedConn) Begin() (driver.Tx, error) { return nil, errors.ErrUnsupported }
func (c countedConn) Close() error {
	c.connections--
	return nil
}

type countedStatement struct{ *counting }

func (s countedStatement) NumInput() int { return -1 }
func (s countedStatement) Exec([]driver.Value) (driver.Result, error) {
	return nil, errors.ErrUnsupported
}
func (s countedStatement) Query([]driver.Value) (driver.Rows, error) {
	return nil, errors.ErrUnsupported
}
func (s countedStatement) QueryContext(context.Context, []driver.NamedValue) (driver.Rows, error) {
	return noRows{}, nil
}
func (s countedStatement) Close() error {
	s.statements--
	return errFarewell
}

type noRows struct{}

func (noRows) Columns() []string         { return nil }
func (noRows) Close() error              { return nil }
func (noRows) Next([]driver.Value) error { return io.EOF }

// Readers prepare a statement once, and close what they have opened; also where one of
// them cannot be opened.
func TestReadersCloseWhatTheyOpened(t *testing.T) {
	d := &counting{}
	readers, err := openSqliteReaders(d, "", 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one", "one", "other", "other"} {
		if err := readers.query(t.Context(), text, 1, nil); err != nil { // in turn by each of the two
			t.Fatal(err)
		}
	}
	if d.connections != 2 || d.statements != 4 {
		t.Errorf("open: %+v", *d)
	}
	if err := readers.close(); !errors.Is(err, errFarewell) || d.connections != 0 || d.statements != 0 {
		t.Errorf("left: %+v, %v", *d, err)
	}
	d = &counting{failing: 3}
	if _, err := openSqliteReaders(d, "", 4); !errors.Is(err, errNoConnection) || d.connections != 0 {
		t.Errorf("of a failed start is left: %+v, %v", *d, err)
	}
}

// A column that holds something else is an error that names it: the first one of the row.
// No bytes are none.
func TestRowsAreOfTheirTypes(t *testing.T) {
	r := &sqliteRow{values: []driver.Value{int64(7), []byte("b"), nil, "text", 1.5}}
	if n, b, none := r.int(0), r.bytes(1), r.bytes(2); n != 7 || string(b) != "b" || none != nil || r.err != nil {
		t.Errorf("%d, %q, %q, %v", n, b, none, r.err)
	}
	for want, read := range map[string]func(r *sqliteRow){
		"column 4 holds a string, not an integer": func(r *sqliteRow) { r.int(3); r.int(4); r.bytes(4) },
		"column 5 holds a float64, not bytes":     func(r *sqliteRow) { r.bytes(4); r.bytes(3); r.int(3) },
	} {
		r := &sqliteRow{values: r.values}
		if read(r); r.err == nil || r.err.Error() != want {
			t.Errorf("%v, want %s", r.err, want)
		}
	}
}

// Of an outbox entry that was cut off it is said where it ends.
func TestEntriesThatWereCutOff(t *testing.T) {
	key := make([]byte, 8)
	for n, want := range map[int]string{
		boltEntryHeader - 1: "less than its header",
		boltEntryHeader:     "key 0: value has 0 bytes",
	} {
		if _, err := boltEntry(key, make([]byte, n)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d bytes: %v, want %q", n, err, want)
		}
	}
}

package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
)

// sqliteReaders are the connections for reading; whoever takes one has it alone.
//
// They are the driver's own. In the pool of database/sql a wait that ends with a
// context costs a goroutine for each statement, there and again in the driver, about
// as much as a look-up itself; and one that does not goes on for callers that have
// given up long ago, which in an overload is all of them.
type sqliteReaders chan *sqliteReader

// sqliteReader is a connection and what has been prepared on it.
type sqliteReader struct {
	conn       driver.Conn
	statements map[string]driver.StmtQueryContext // by their text
}

// openSqliteReaders opens n connections to what name says.
func openSqliteReaders(d driver.Driver, name string, n int) (sqliteReaders, error) {
	c := make(sqliteReaders, n)
	for range n {
		conn, err := d.Open(name)
		if err != nil {
			return nil, errors.Join(sqliteError(err), c.close())
		}
		c <- &sqliteReader{conn, make(map[string]driver.StmtQueryContext)}
	}
	return c, nil
}

// take returns a free reader, to be given back by sending it, or ctx's error.
func (c sqliteReaders) take(ctx context.Context) (*sqliteReader, error) {
	select {
	case r := <-c:
		return r, nil
	default:
	}
	select {
	case r := <-c:
		if err := ctx.Err(); err != nil { // both had come
			c <- r
			return nil, err
		}
		return r, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// query calls row with each row of so many columns until that returns false. Only
// the wait for a reader ends with ctx.
func (c sqliteReaders) query(ctx context.Context, text string, columns int, row func(*sqliteRow) (more bool), arguments ...int64) error {
	r, err := c.take(ctx)
	if err != nil {
		return err
	}
	defer func() { c <- r }()
	return sqliteError(r.query(text, columns, row, arguments))
}

func (r *sqliteReader) query(text string, columns int, row func(*sqliteRow) bool, arguments []int64) (err error) {
	statement, err := r.prepare(text)
	if err != nil {
		return err
	}
	named := make([]driver.NamedValue, len(arguments))
	for i, a := range arguments {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	rows, err := statement.QueryContext(context.Background(), named)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	next := &sqliteRow{values: make([]driver.Value, columns)}
	for more := true; more; {
		if err := rows.Next(next.values); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		more = row(next) && next.err == nil
	}
	return next.err
}

func (r *sqliteReader) prepare(text string) (driver.StmtQueryContext, error) {
	if s, ok := r.statements[text]; ok {
		return s, nil
	}
	s, err := r.conn.Prepare(text)
	if err != nil {
		return nil, err
	}
	r.statements[text] = s.(driver.StmtQueryContext)
	return r.statements[text], nil
}

// close closes the readers that are there. It is called after the last query.
func (c sqliteReaders) close() error {
	var errs []error
	for range len(c) {
		errs = append(errs, (<-c).close())
	}
	return errors.Join(errs...)
}

func (r *sqliteReader) close() error {
	var errs []error
	for _, s := range r.statements {
		errs = append(errs, s.(driver.Stmt).Close())
	}
	return errors.Join(append(errs, r.conn.Close())...)
}

// sqliteRow is a row that was read. Its err is that of the first value that is not
// what its column holds.
type sqliteRow struct {
	values []driver.Value
	err    error
}

func (r *sqliteRow) int(column int) int64 {
	n, ok := r.values[column].(int64)
	if !ok && r.err == nil {
		r.err = fmt.Errorf("column %d holds a %T, not an integer", column+1, r.values[column])
	}
	return n
}

// bytes are the caller's to keep; nil where there are none.
func (r *sqliteRow) bytes(column int) []byte {
	b, ok := r.values[column].([]byte)
	if !ok && r.values[column] != nil && r.err == nil {
		r.err = fmt.Errorf("column %d holds a %T, not bytes", column+1, r.values[column])
	}
	return b
}

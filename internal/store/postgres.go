package store

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// How long PostgreSQL is waited for: for a connection, for an answer, and for the end of
// a lock that ends with its connection anyway.
const (
	postgresDial    = 5 * time.Second
	postgresWait    = 10 * time.Second
	postgresRelease = time.Second
)

// postgresNames is the longest name that PostgreSQL keeps whole.
const postgresNames = 63

// postgres is a schema of a PostgreSQL database.
type postgres struct {
	pool   *pgxpool.Pool
	schema string
}

// schemaOf names the schema of a store. A name that is too long ends in its hash.
func schemaOf(run, name string) string {
	schema := run + "-" + name
	if len(schema) > postgresNames {
		schema = fmt.Sprintf("%s-%016x", schema[:postgresNames-17], uint64(lockOf(schema)))
	}
	return schema
}

func openPostgres(ctx context.Context, url, schema string) (*postgres, error) {
	pool, err := postgresPool(ctx, url)
	if err != nil {
		return nil, err
	}
	db := &postgres{pool: pool, schema: schema}
	ctx, cancel := context.WithTimeout(ctx, postgresWait)
	defer cancel()
	if err := db.locked(ctx, "CREATE SCHEMA IF NOT EXISTS "+quote(schema)); err != nil {
		pool.Close()
		return nil, postgresError(err)
	}
	return db, nil
}

func postgresPool(ctx context.Context, url string) (*pgxpool.Pool, error) {
	config, err := postgresConfig(url)
	if err != nil {
		return nil, err
	}
	return pgxpool.NewWithConfig(ctx, config)
}

func postgresConfig(url string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New(oneLine(err))
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = postgresDial
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "crosstalk"
	}
	return config, nil
}

// locked carries out statements that create something, in one transaction. Copies
// of a service do so at the same time, for which IF NOT EXISTS alone is not safe.
func (db *postgres) locked(ctx context.Context, statements ...string) error {
	return pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", lockOf(db.schema)); err != nil {
			return err
		}
		for _, s := range statements {
			if _, err := tx.Exec(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
}

func (db *postgres) close() error {
	db.pool.Close()
	return nil
}

func removePostgres(ctx context.Context, url, schema string) error {
	drop := "DROP SCHEMA IF EXISTS " + quote(schema) + " CASCADE"
	config, err := postgresConfig(url)
	if err != nil {
		return err
	}
	// A pool would wait for what connects for longer than ctx.
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err == nil {
		_, err = conn.Exec(ctx, drop)
		_ = conn.Close(ctx) // nothing is lost with it
	}
	if err != nil {
		return fmt.Errorf("schema %s may be left at %s (%s): %w", schema, url, drop, postgresError(err))
	}
	return nil
}

func quote(names ...string) string { return pgx.Identifier(names).Sanitize() }

// lockOf is the number of an advisory lock: all users of a database have them in
// common.
func lockOf(name string) int64 {
	h := fnv.New64a()
	h.Write([]byte("crosstalk/" + name))
	return int64(h.Sum64())
}

// postgresError says in one line what went wrong, and names the errors that
// callers tell apart.
func postgresError(err error) error {
	var answer *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNotFound
	case !errors.As(err, &answer): // the server was not reached, or has left
		return fmt.Errorf("%w: %s", ErrAway, oneLine(err))
	}
	switch answer.Code[:min(3, len(answer.Code))] {
	case "57P", "080": // it shuts down, starts or has crashed; the connection broke
		return fmt.Errorf("%w: %s", ErrAway, answer.Message)
	case "531": // disk full
		return fmt.Errorf("%w: %s", ErrFull, answer.Message)
	}
	return fmt.Errorf("%s (SQLSTATE %s)", answer.Message, answer.Code)
}

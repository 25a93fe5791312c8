package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Place is where the databases of a run are.
type Place struct {
	// Dir is the folder of the files.
	Dir string
	// Run begins the names of the schemas, as no other run's does.
	Run string
}

// Open opens a database of a name of its own, and creates it if absent: a file in
// the place's folder, which is created too, with the kind as its extension, or a
// schema. A name follows the rule of collection names. Memory ignores the place.
//
// It fails with ErrLocked where another has the file: at once for bbolt, which
// admits one user, and after some seconds for SQLite, which shares. It fails with
// ErrAway, after some seconds at most, where no server answers.
func Open(ctx context.Context, spec Spec, place Place, name string) (Store, error) {
	db, err := open(ctx, spec, place, name)
	if err != nil {
		return nil, fmt.Errorf("open store %q: %w", name, err)
	}
	return &guardedStore{db: db}, nil
}

// Remove removes what Open has created outside of the place's folder, of databases by
// their names: the schemas. All who have them open have closed them, or are gone. It takes
// 10 s at most, however many there are. The errors name what is left.
func Remove(ctx context.Context, place Place, databases map[string]Spec) error {
	ctx, cancel := context.WithTimeout(ctx, postgresWait)
	defer cancel()
	var removing sync.WaitGroup
	names := slices.Sorted(maps.Keys(databases))
	errs := make([]error, len(names))
	for i, name := range names {
		if spec := databases[name]; spec.Kind == Postgres {
			removing.Go(func() { errs[i] = removePostgres(ctx, spec.URL, schemaOf(place.Run, name)) })
		}
	}
	removing.Wait()
	return errors.Join(errs...)
}

func open(ctx context.Context, spec Spec, place Place, name string) (database, error) {
	if err := spec.check(); err != nil {
		return nil, err
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	switch spec.Kind {
	case Memory:
		return memory{}, nil
	case Postgres:
		if place.Run == "" {
			return nil, errors.New("no run given to name the schema after")
		}
		return openPostgres(ctx, spec.URL, schemaOf(place.Run, name))
	}
	if err := checkDir(place.Dir); err != nil {
		return nil, err
	}
	path := filepath.Join(place.Dir, name+"."+string(spec.Kind))
	if spec.Kind == Bbolt {
		return openBbolt(path)
	}
	return openSqlite(path)
}

// checkDir makes a file in dir, as both engines will: they say less of why it
// failed. The database itself is not touched, since closing a second descriptor
// of it would drop the POSIX locks that SQLite may hold on it in this process.
func checkDir(dir string) error {
	if dir == "" {
		return errors.New("no folder given")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return fmt.Errorf("folder is not writable: %w", err)
	}
	_ = probe.Close()
	return os.Remove(probe.Name())
}

package bus

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// folder is where the embedded broker keeps its records.
//
// kfake compacts a partition in place: it removes all of its files, and then writes
// what is left of them. A broker that is killed in between has lost what it had
// acknowledged. So the files are kept in a second place until it is over, and a broker
// that finds them there when it starts goes back to them. Each step is one rename, or
// may be done again; it holds against the end of the process, not of the machine.
type folder string

const (
	partitionsFolder = "partitions" // kfake's name
	keptFolder       = "compacting" // partitions as they were before a compaction that is not over
	unfinishedFolder = "compacting.new"
	outdatedFolder   = "compacting.old"
)

func (f folder) sub(names ...string) string {
	return filepath.Join(append([]string{string(f)}, names...)...)
}

// keep keeps all partitions as they are. None may be written to until release.
func (f folder) keep() error {
	if err := f.sweep(); err != nil {
		return err
	}
	partitions, err := os.ReadDir(f.sub(partitionsFolder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // there are no records yet
		return err
	}
	if err := os.Mkdir(f.sub(unfinishedFolder), 0o700); err != nil {
		return err
	}
	for _, p := range partitions {
		if err := linkAll(f.sub(partitionsFolder, p.Name()), f.sub(unfinishedFolder, p.Name())); err != nil {
			return err
		}
	}
	return os.Rename(f.sub(unfinishedFolder), f.sub(keptFolder))
}

// release says that what was kept is outdated.
func (f folder) release() error { return os.Rename(f.sub(keptFolder), f.sub(outdatedFolder)) }

// sweep removes what nobody goes back to.
func (f folder) sweep() error {
	return errors.Join(os.RemoveAll(f.sub(unfinishedFolder)), os.RemoveAll(f.sub(outdatedFolder)))
}

// goBack puts the partitions that are kept back, if a compaction was not over.
func (f folder) goBack() error {
	kept, err := os.ReadDir(f.sub(keptFolder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, p := range kept {
		to := f.sub(partitionsFolder, p.Name())
		if err := errors.Join(os.RemoveAll(to), os.Rename(f.sub(keptFolder, p.Name()), to)); err != nil {
			return fmt.Errorf("going back behind a compaction that was not over: %w", err)
		}
	}
	return errors.Join(os.RemoveAll(f.sub(keptFolder)), f.sweep())
}

// linkAll makes a folder with the same files as another.
func linkAll(from, to string) error {
	files, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	for _, file := range files {
		if err := link(filepath.Join(from, file.Name()), filepath.Join(to, file.Name())); err != nil {
			return err
		}
	}
	return nil
}

// link gives a file a second name; where the file system has no such thing, it copies.
func link(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

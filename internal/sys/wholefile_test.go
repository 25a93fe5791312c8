package sys

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWriteReplaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "run.json")
	for _, text := range []string{"a longer one", "new"} {
		if err := WriteFile(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := read(t, path); got != text {
			t.Errorf("it holds %q, want %q", got, text)
		}
	}
	onlyIn(t, dir, "run.json")
}

// onlyIn checks which names a folder holds.
func onlyIn(t *testing.T, dir string, want ...string) {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range found {
		names = append(names, entry.Name())
	}
	if len(names) != len(want) || len(names) > 0 && names[0] != want[0] {
		t.Errorf("the folder holds %v, want %v", names, want)
	}
}

// An error names the file that was meant, and leaves nothing.
func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	for path, cause := range map[string]error{
		filepath.Join(dir, "none", "x.png"): fs.ErrNotExist,
		filepath.Join(dir, "folder"):        nil,
	} {
		err := WriteFile(path, []byte("x"))
		var wrong *WriteError
		if !errors.As(err, &wrong) || wrong.Path != path || cause != nil && !errors.Is(err, cause) {
			t.Errorf("%s: %v", path, err)
		}
		if want := "write " + path + ": " + wrong.Cause.Error(); err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	}
	onlyIn(t, dir, "folder")
}

// A link stays one, and a device is not replaced by a file.
func TestWriteThrough(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := WriteFile(file, []byte("old")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Skip(err)
	}
	if err := WriteFile(link, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 || read(t, file) != "new" {
		t.Errorf("the link is %v, %v; its file holds %q", info, err, read(t, file))
	}
	null := filepath.Join(dir, "null")
	if err := os.Symlink(os.DevNull, null); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(null, []byte("x")); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(null); err != nil || info.Mode().IsRegular() {
		t.Errorf("the device is %v, %v", info, err)
	}
}

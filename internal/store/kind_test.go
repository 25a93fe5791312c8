package store

import (
	"encoding/json"
	"testing"
)

func TestKindAsText(t *testing.T) {
	for _, kind := range Kinds() {
		text, err := json.Marshal(kind)
		if err != nil {
			t.Fatal(err)
		}
		var back Kind
		if err := json.Unmarshal(text, &back); err != nil || back != kind {
			t.Errorf("%s became %q, error %v", text, back, err)
		}
	}
}

func TestAnUnknownKindListsTheKinds(t *testing.T) {
	const want = `unknown kind of store "mysql": want one of memory, sqlite, bbolt`
	kind := Memory
	if err := kind.UnmarshalText([]byte("mysql")); err == nil || err.Error() != want {
		t.Errorf("UnmarshalText: error %v, want %s", err, want)
	}
	if kind != Memory {
		t.Errorf("a failed UnmarshalText left %q", kind)
	}
	if _, err := Kind("mysql").MarshalText(); err == nil || err.Error() != want {
		t.Errorf("MarshalText: error %v, want %s", err, want)
	}
	if _, err := Open("mysql", "", "a"); err == nil || err.Error() != `open store "a": `+want {
		t.Errorf("Open: error %v", err)
	}
}

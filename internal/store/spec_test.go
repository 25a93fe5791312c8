package store

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
)

func TestSpecAsText(t *testing.T) {
	for text, want := range map[string]Spec{
		"memory":                      {Kind: Memory},
		"sqlite":                      {Kind: Sqlite},
		"bbolt":                       {Kind: Bbolt},
		"postgres://u@h/db":           {Kind: Postgres, URL: "postgres://u@h/db"},
		"postgresql://h:5/?a=b&c=%20": {Kind: Postgres, URL: "postgresql://h:5/?a=b&c=%20"},
	} {
		var got Spec
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s became %+v, error %v", text, got, err)
		}
		if back, err := got.MarshalText(); err != nil || string(back) != text {
			t.Errorf("%s came back as %q, error %v", text, back, err)
		}
		var again Spec
		encoded, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(encoded, &again); err != nil || again != want {
			t.Errorf("%s became %+v by JSON, error %v", text, again, err)
		}
	}
}

func TestSpecRefuses(t *testing.T) {
	const unknown = ` want one of memory, sqlite, bbolt, or a URL such as postgres://user@host/database`
	const secret = `a password has no place in the URL, which is kept with the results: give it by PGPASSWORD or ~/.pgpass`
	for text, want := range map[string]string{
		"mysql":                             `unknown kind of store "mysql":` + unknown,
		"":                                  `unknown kind of store "":` + unknown,
		"postgres":                          `unknown kind of store "postgres":` + unknown,
		"mysql://u@h/db":                    `unknown kind of store "mysql://u@h/db":` + unknown,
		"postgres://u:geheim@h/db":          secret,
		"postgres://u:@h/db":                secret,
		"postgres://u@h/db?password=geheim": secret,
		"postgres://u:gehe%im@h/db":         `not a URL such as postgres://user@host/database`,
		"postgres://u@h/db?sslmode=geheim":  "cannot parse `postgres://u@h/db?sslmode=geheim`: failed to configure TLS (sslmode is invalid)",
	} {
		spec := Spec{Kind: Memory}
		err := spec.UnmarshalText([]byte(text))
		if err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %s", text, err, want)
		}
		if spec != (Spec{Kind: Memory}) {
			t.Errorf("a failed UnmarshalText left %+v", spec)
		}
		if err != nil && want == secret && strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: the error repeats the password", text)
		}
	}
	if _, err := (Spec{Kind: "mysql"}).MarshalText(); err == nil || err.Error() != `unknown kind of store "mysql":`+unknown {
		t.Errorf("MarshalText: error %v", err)
	}
	if _, err := Open(context.Background(), Spec{Kind: "mysql"}, Place{}, "a"); err == nil || err.Error() != `open store "a": unknown kind of store "mysql":`+unknown {
		t.Errorf("Open: error %v", err)
	}
}

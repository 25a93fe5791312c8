package experiment

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// Each thing that a person may write, and what is said of it: the whole line.
func TestWhatIsSaidOfAFile(t *testing.T) {
	long, seed := strings.Repeat("a", 300), `" is not a whole number from 0 to 18446744073709551615`
	for text, want := range map[string]string{
		"rate: 5\n---\nrate: 6\n":                    "e.yaml:3:1: a second document begins before this line, behind ---: write one experiment a file",
		"rate: 5\n---\n- 6\n":                        "e.yaml:3:1: a second document begins before this line, behind ---: write one experiment a file",
		"services: {D: [A]}\n":                       "e.yaml:1:11: services: write a list, a service each: - {name: D, needs: [A, B]}",
		"services: [D]\n":                            "e.yaml:1:12: services: a service is a map, as in {name: D, needs: [A, B]}",
		"services: [{name: [D]}]\n":                  "e.yaml:1:19: services: name: write it as one text, not as a list or a map; a need with a policy is 'B timeout=50ms retry=2'",
		"services:\n- name: D\n  needs: A\n":         "e.yaml:3:10: services: needs: write a list, as in [A, 'B timeout=50ms retry=2']",
		"services:\n- name: D\n  needs: [{A: 5}]\n":  "e.yaml:3:11: services: needs: write it as one text, not as a list or a map; a need with a policy is 'B timeout=50ms retry=2'",
		"services:\n- name: D\n  needs: ['A x=1']\n": `e.yaml:3:11: services: needs: "A x=1": unknown part "x": timeout, retry, backoff, budget, hedge, breaker, fallback`,
		"services:\n- name: D\n  neds: [A]\n":        `e.yaml:3:3: services: a service has no "neds": did you mean needs?: name, entity, needs`,
		"services:\n- name:\n":                       "e.yaml:2:9: services: name: has no value",
		"policy: {timeout: 50ms, retry: 2}\n":        "e.yaml:1:9: policy: write its parts as one text, as in 'timeout=50ms retry=2', or D: 'timeout=50ms retry=2' for one service",
		"policy: {timeout: 50ms}\n":                  "e.yaml:1:9: policy: write its parts as one text, as in 'timeout=50ms retry=2', or D: 'timeout=50ms retry=2' for one service",
		"policy: [timeout=50ms, retry=2]\n":          "e.yaml:1:9: policy: write its parts as one text, as in 'timeout=50ms retry=2', or D: 'timeout=50ms retry=2' for one service",
		"policy: {D: {timeout: 50ms, retry: 2}}\n":   "e.yaml:1:9: policy: write its parts as one text, as in 'timeout=50ms retry=2', or D: 'timeout=50ms retry=2' for one service",
		"rate: 5\nkeys: \xff\n":                      "e.yaml:2:1: is not text in UTF-8",
		"rate: 5\x00\n":                              "e.yaml:1:1: is not text in UTF-8",
		strings.Repeat("[", 200_000):                 "e.yaml:1:1: more than 100 brackets are open",
		strings.Repeat("# \n", 500_000):              "e.yaml:1:1: is larger than 1024 kB: this is no experiment file",
		"seed: " + long + "\n":                       `e.yaml:1:7: seed: "` + long[:143] + " ... " + long[:100-len(seed)] + seed,
	} {
		_, err := decode(t, text)
		if err == nil || err.Error() != want {
			t.Errorf("%.40q gives\n%v, want\n%s", text, err, want)
		}
	}
}

// A byte-order mark is no part of the first setting's name; the ends of documents are
// no second one.
func TestWhatEditorsAdd(t *testing.T) {
	for _, text := range []string{"\ufeffrate: 5\n", "---\nrate: 5\n...\n", "---\nrate: 5\n---\n", "rate: 5\r\n"} {
		e, err := decode(t, text)
		if err != nil || e.Rate != 5 {
			t.Errorf("%q: %v, %v", text, e, err)
		}
	}
	e, err := decode(t, "policy: {D: timeout=50ms retry=2, A: retry=1}\n")
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := e.Policy.MarshalText(); string(text) != "A=retry=1,D=timeout=50ms retry=2" {
		t.Errorf("a map of policies is %q", text)
	}
}

// Names are parts of topics, files and tables.
func TestNamesAreBounded(t *testing.T) {
	long := strings.Repeat("a", longestName+1)
	for text, want := range map[string]string{
		"services: [{name: D, needs: [" + long + "]}, {name: " + long + "}]\n": "services: a name of 49 letters, which begins with aaaaaaaaaaaaaaaaaaaa: at most 48",
		"services: [{name: D, needs: [A]}, {name: A, entity: " + long + "}]\n": "services: the entity of A has 49 letters: at most 48",
		"services: [{name: D, needs: [A]}, {name: A, entity: 'my user'}]\n":    `services: the entity "my user" of A is not a name: a letter, then letters, digits, '-' or '_'`,
		"services: [{name: D, needs: [A]}, {name: A, entity: a/b}]\n":          `services: the entity "a/b" of A is not a name: a letter, then letters, digits, '-' or '_'`,
	} {
		e, err := decode(t, text)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Validate(names, remote); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	e, err := decode(t, "services: [{name: D, needs: ["+long[1:]+"]}, {name: "+long[1:]+", entity: "+long[1:]+"}]\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Validate(names, remote); err != nil {
		t.Error(err)
	}
}

// FuzzFile looks for files that the reader does not survive, and for complaints that are
// not one line that names the file's line.
func FuzzFile(f *testing.F) {
	for _, text := range []string{
		"rate: 250/s\narrival: constant\nstore: {D: memory}\n",
		"services:\n  - name: D\n    needs: [A, 'B:async-replicated timeout=5ms', C]\n  - {name: A, entity: User, needs: [X]}\n",
		"policy: {D: timeout=50ms retry=2}\nfault: [A:hang=1%, 'B:slow=10@3s+2s']\n",
		"\ufeffrate: 5\n---\nrate: 6\n", "? [a]\n: b\n", "<<: {rate: 5}\n", "rate: &x 10\nkeys: *x\n", "keys: |\n  5\n", "latency: !!str 5ms\n",
	} {
		f.Add([]byte(text))
	}
	line := regexp.MustCompile(`^e\.yaml:[1-9][0-9]*:[1-9][0-9]*: [^\n]+$`)
	f.Fuzz(func(t *testing.T, data []byte) {
		said := func(text string) {
			if !line.MatchString(text) || !utf8.ValidString(text) || len([]rune(text)) > longestMessage+40 {
				t.Errorf("it says %q", text)
			}
		}
		file, err := ReadFile("e.yaml", data)
		if err != nil {
			said(err.Error())
			return
		}
		e := Default()
		if err := file.Decode(&e); err != nil {
			said(err.Error())
			return
		}
		e.KafkaTLS = "" // it names a file, which would be read
		err = e.Validate(names, remote)
		if err == nil {
			return
		}
		var wrong *Error
		if !errors.As(err, &wrong) {
			t.Fatalf("%v names no setting", err)
		}
		at, ok := file.Where(wrong)
		if !ok {
			at = "e.yaml:1:1" // as the setting is by default, another one does not go with it
		}
		said(at + ": " + err.Error())
	})
}

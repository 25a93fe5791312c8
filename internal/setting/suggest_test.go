package setting

import "testing"

func TestNearest(t *testing.T) {
	scenarios := []string{"sync", "async-request", "async-replicated", "monolith"}
	for word, want := range map[string]string{
		"synk": "sync", "snyc": "sync", "SYNC": "sync", "syn": "sync", "monolyth": "monolith", "async-requst": "async-request",
		"async_replicated": "async-replicated", "mono": "monolith", "async": "", "xyz": "", "": "", "s": "", "kafka": "",
	} {
		if got := Nearest(word, scenarios); got != want {
			t.Errorf("%q is taken for %q, want %q", word, got, want)
		}
	}
	if got := Nearest("rum", []string{"ran", "run"}); got != "run" {
		t.Errorf("of several, %q is taken and not the nearest", got)
	}
}

func TestDidYouMean(t *testing.T) {
	if got := DidYouMean("latenzy", []string{"latency"}); got != ": did you mean latency?" {
		t.Error(got)
	}
	if got := DidYouMean("zzz", []string{"latency"}); got != "" {
		t.Error(got)
	}
}

func TestSlips(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"ab", "ba", 1}, {"abcd", "acbd", 1}} {
		if got := slips(c.a, c.b); got != c.want {
			t.Errorf("from %q to %q there are %d slips, want %d", c.a, c.b, got, c.want)
		}
	}
}

package setting

import "testing"

func TestSwitch(t *testing.T) {
	for text, want := range map[string]Switch{"on": true, "off": false} {
		s := !want
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%s became %v, error %v", text, s, err)
		}
		if back, err := s.MarshalText(); err != nil || string(back) != text {
			t.Errorf("%v became %q, error %v", s, back, err)
		}
	}
	for _, text := range []string{"", "On", "true", "1"} {
		s := Switch(true)
		if err := s.UnmarshalText([]byte(text)); err == nil || !bool(s) {
			t.Errorf("%q became %v, error %v", text, s, err)
		}
	}
}

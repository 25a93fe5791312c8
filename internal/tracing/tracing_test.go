package tracing

import (
	"errors"
	"testing"
)

func TestOffIsNil(t *testing.T) {
	var off *Tracer
	parent, end := off.Start("00-1-2-01", Server, "D", "query")
	end(errors.New("x"))
	if parent != "00-1-2-01" || off.Close() != nil {
		t.Errorf("%q", parent)
	}
	if n := testing.AllocsPerRun(100, func() {
		_, end := off.Start("", Client, "D", "query")
		end(nil)
	}); n != 0 {
		t.Errorf("off allocates %v times", n)
	}
}

func TestNobodyListens(t *testing.T) {
	if _, err := Open(t.Context(), "127.0.0.1:1", "sync"); err == nil {
		t.Error("there is no error")
	}
}

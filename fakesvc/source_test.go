package fakesvc

import "testing"

func TestWithRequestAddsWhatIsNotThere(t *testing.T) {
	request := Request{ID: 7, Try: 1, Traceparent: "00-a-b-01"}
	ctx := WithRequest(t.Context(), request)
	if RequestOf(ctx) != request {
		t.Errorf("it carries %+v", RequestOf(ctx))
	}
	if again := WithRequest(ctx, request); again != ctx {
		t.Error("the same request makes a context more")
	}
	for _, other := range []Request{{}, {ID: 8, Try: 1, Traceparent: "00-a-b-01"}, {ID: 7, Traceparent: "00-a-b-01"}} {
		if got := RequestOf(WithRequest(ctx, other)); got != other {
			t.Errorf("it carries %+v, want %+v", got, other)
		}
	}
	if none := WithRequest(t.Context(), Request{}); RequestOf(none) != (Request{}) {
		t.Error("the zero request is another one")
	}
}

package policy

import (
	"encoding/json"
	"fmt"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/fault"
)

// ByCode is a number for each gRPC code. As JSON it is an object with those that are not
// 0, by the codes' names.
type ByCode [codes.Unauthenticated + 1]int64

// Named returns those that are not 0, by the codes' names.
func (b ByCode) Named() map[string]int64 {
	out := make(map[string]int64)
	for code, n := range b {
		if n != 0 {
			out[fault.CodeName(codes.Code(code))] = n
		}
	}
	return out
}

// MarshalJSON writes what Named returns.
func (b ByCode) MarshalJSON() ([]byte, error) { return json.Marshal(b.Named()) }

// UnmarshalJSON reads what MarshalJSON writes.
func (b *ByCode) UnmarshalJSON(text []byte) error {
	var named map[string]int64
	if err := json.Unmarshal(text, &named); err != nil {
		return err
	}
	*b = ByCode{}
	for name, n := range named {
		code := 0
		for code < len(b) && fault.CodeName(codes.Code(code)) != name {
			code++
		}
		if code == len(b) {
			return fmt.Errorf("%q is no gRPC code", name)
		}
		b[code] = n
	}
	return nil
}

package setting

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes, from 0 to 2147483647.
type Size int

// UnmarshalText reads a whole number of bytes, or of one of the units B, KB, MB
// and GB, which are powers of 1000, and KiB, MiB and GiB, which are powers of
// 1024. Upper and lower case are the same.
func (s *Size) UnmarshalText(text []byte) error {
	trimmed := strings.TrimSpace(string(text))
	digits := strings.TrimRight(trimmed, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	bytes, ok := unit(trimmed[len(digits):])
	if !ok {
		return fmt.Errorf("%q has an unknown unit: B, KB, KiB, MB, MiB, GB or GiB", text)
	}
	n, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 31)
	if err != nil || n > math.MaxInt32/uint64(bytes) {
		return fmt.Errorf("%q is not a size from 0 to %d bytes, such as 128 or 1KB", text, math.MaxInt32)
	}
	*s = Size(n) * bytes
	return nil
}

// MarshalText returns String.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String returns the size in the largest unit that it is a whole number of.
func (s Size) String() string {
	for _, name := range []string{"GiB", "GB", "MiB", "MB", "KiB", "KB"} {
		if bytes, _ := unit(name); s != 0 && s%bytes == 0 {
			return strconv.Itoa(int(s/bytes)) + name
		}
	}
	return strconv.Itoa(int(s))
}

func unit(name string) (bytes Size, ok bool) {
	switch strings.ToLower(name) {
	case "", "b":
		return 1, true
	case "kb":
		return 1e3, true
	case "kib":
		return 1 << 10, true
	case "mb":
		return 1e6, true
	case "mib":
		return 1 << 20, true
	case "gb":
		return 1e9, true
	case "gib":
		return 1 << 30, true
	}
	return 0, false
}

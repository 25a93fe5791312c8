// Package setting is the syntax of single settings, the same on the command line
// and in an experiment file.
//
// Its law: a value is its text. What a type reads it also writes, in one
// canonical form, and that form read again is the same value. A text that cannot
// be meant is refused in one line that quotes it; on an error the value is left
// as it was.
package setting

// IsName reports whether s can be the name of a service: a letter, then letters,
// digits, '_' or '-', all of them ASCII.
func IsName(s string) bool {
	for i, r := range s {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || !('0' <= r && r <= '9' || r == '_' || r == '-')) {
			return false
		}
	}
	return s != ""
}

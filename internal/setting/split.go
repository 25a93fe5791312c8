package setting

import (
	"slices"
	"strings"
)

// entry is the text of one service's value; that of the default has no service.
type entry struct{ service, value string }

// entries gathers the pieces between top-level commas: one that begins with NAME=
// begins an entry, unless NAME is one of words; any other one continues the entry
// before it.
func entries(text string, words []string) []entry {
	var out []entry
	for _, piece := range pieces(text) {
		name, value, named := strings.Cut(piece, "=")
		name = strings.TrimSpace(name)
		switch {
		case named && IsName(name) && !slices.Contains(words, name):
			out = append(out, entry{name, strings.TrimSpace(value)})
		case len(out) == 0:
			out = append(out, entry{"", strings.TrimSpace(piece)})
		default:
			out[len(out)-1].value += "," + strings.TrimSpace(piece)
		}
	}
	return out
}

// pieces parts the text at the commas that stand outside of parentheses.
func pieces(text string) []string {
	var out []string
	depth, start := 0, 0
	for i, r := range text {
		switch r {
		case '(':
			depth++
		case ')':
			depth = max(0, depth-1)
		case ',':
			if depth == 0 {
				out = append(out, text[start:i])
				start = i + 1
			}
		}
	}
	return append(out, text[start:])
}

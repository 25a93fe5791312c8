package setting

import "strings"

// DidYouMean only ever says a word that is there, and none where the slip is too large to
// be one. It returns ": did you mean X?" with the word of known that is nearest to
// a mistyped one, and nothing where none is near.
func DidYouMean(word string, known []string) string {
	nearest := Nearest(word, known)
	if nearest == "" {
		return ""
	}
	return ": did you mean " + nearest + "?"
}

// Nearest returns the only word of known that begins with a mistyped one, or else
// the one that takes the fewest slips to mistype so, the first of several. It is
// empty where that takes more than a third of its letters.
func Nearest(word string, known []string) string {
	if len(word) > longest {
		return ""
	}
	word = strings.ToLower(word)
	if longer := beginning(word, known); len(longer) == 1 {
		return longer[0]
	} else if len(longer) > 1 {
		return ""
	}
	best, fewest := "", 0
	for _, candidate := range known {
		n := slips(word, strings.ToLower(candidate))
		if n <= max(len(candidate)/3, 1) && (best == "" || n < fewest) {
			best, fewest = candidate, n
		}
	}
	return best
}

// longest bounds the words that are looked at: no name is as long.
const longest = 64

// beginning returns the words that begin with one of three letters or more: fewer
// begin too many.
func beginning(word string, known []string) []string {
	var found []string
	for _, candidate := range known {
		if len(word) >= 3 && strings.HasPrefix(strings.ToLower(candidate), word) {
			found = append(found, candidate)
		}
	}
	return found
}

// slips counts the letters that are wrong, missing, too many or swapped with the
// next one.
//
// Source: the optimal string alignment of F. J. Damerau, "A technique for computer
// detection and correction of spelling errors", CACM 7 (1964), 171-176.
func slips(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			wrong := 0
			if a[i-1] != b[j-1] {
				wrong = 1
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+wrong)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

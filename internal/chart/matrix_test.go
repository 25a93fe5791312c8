//go:build !race

// Without the race detector: there are no goroutines here for it to see.

package chart

import (
	"math"
	"path/filepath"
	"testing"

	"gonum.org/v1/plot/vg"
)

// Text must be readable on each colour that a cell can have.
func TestCellsContrast(t *testing.T) {
	for feel := range feels {
		for _, strength := range []float64{math.NaN(), -1, 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 7} {
			fill := feel.colour(strength)
			on, text := luminance(fill)+0.05, 0.05
			if r, _, _, _ := contrast(fill).RGBA(); r > 0 {
				text = 1.05
			}
			if got := max(on, text) / min(on, text); got < 4.5 {
				t.Errorf("%q at %v: contrast %.2f, want 4.5", feel.words(), strength, got)
			}
		}
	}
}

func TestFeelsDiffer(t *testing.T) {
	seen := make(map[any]Feel)
	for feel := range feels {
		for _, colour := range []any{feels[feel].weak, feels[feel].strong} {
			if other, ok := seen[colour]; ok && other != feel {
				t.Errorf("%q and %q have the same colour", feel.words(), other.words())
			}
			seen[colour] = feel
		}
	}
	if weak, strong := luminance(Errors.colour(0)), luminance(Errors.colour(1)); weak <= strong {
		t.Error("more errors are not darker")
	}
}

func TestAMissingCellDoesNotApply(t *testing.T) {
	m := Matrix{Columns: []string{"sync", "monolith"}}
	row := Row{"outage", []Cell{{Feel: Errors}}}
	if got := m.cell(row, 0).Feel; got != Errors {
		t.Errorf("the first cell is %q", got.words())
	}
	if got := m.cell(row, 1).Feel; got != NotApplicable {
		t.Errorf("the missing cell is %q", got.words())
	}
}

// A row with a third line is higher than the others, and the sheet by as much.
func TestRowsAreAsHighAsTheirLines(t *testing.T) {
	short, long := Row{Cells: []Cell{{Lines: []string{"a", "b"}}}}, Row{Cells: []Cell{{}, {Lines: []string{"a", "b", "c", "never shown"}}}}
	empty := Row{Cells: []Cell{{}}}
	height := func(rows ...Row) vg.Length {
		s := Matrix{Columns: []string{"sync"}, Groups: []Group{{"A", rows}}}.sheet()
		return s.groupHeight(s.Groups[0])
	}
	for _, c := range []struct {
		rows []Row
		want vg.Length
	}{
		{[]Row{empty}, 19}, {[]Row{short, empty}, 60}, {[]Row{short, empty, long}, 101},
	} {
		if got := height(c.rows...); got != c.want {
			t.Errorf("%d rows are %v high, want %v", len(c.rows), got, c.want)
		}
	}
}

// Whatever the words, the parts of a sheet fill the width and no more.
func TestSheetFillsTheWidth(t *testing.T) {
	long := "a name that is far too long for the place that it has in a picture of this width"
	for name, m := range map[string]Matrix{
		"none":     {},
		"as usual": matrix(),
		"long":     {Columns: []string{long, long, long}, Groups: []Group{{long, []Row{{long, []Cell{{Lines: []string{long, long}}}}}}}},
	} {
		s := m.sheet()
		got := s.groupWidth + s.nameWidth + s.cellWidth*vg.Length(max(len(m.Columns), 1))
		if math.Abs(float64(got-bodyWidth)) > 1e-6 || s.cellWidth <= 0 {
			t.Errorf("%s: %v wide, want %v", name, got, bodyWidth)
		}
		if err := m.Save(filepath.Join(t.TempDir(), "x.svg")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

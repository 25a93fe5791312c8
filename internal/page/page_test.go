package page

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"text/template"

	"crosstalk/internal/chart"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The golden file is the page without the library, the scripts and the styles.
func TestPage(t *testing.T) {
	got := regexp.MustCompile(`(?s)(<style>|<script>).*?(</style>|</script>)`).ReplaceAll(page(t, "run"), []byte("$1…$2"))
	path := filepath.Join("testdata", "run.html")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		_ = os.WriteFile(path+".got", got, 0o644)
		t.Errorf("the page is not as in %s; see %s.got", path, path)
	}
}

// The same runs give the same bytes, wherever their folder is.
func TestSameRunsSameBytes(t *testing.T) {
	for kind, dir := range map[string]string{"run": session(t), "matrix": matrixSession(t)} {
		if !bytes.Equal(written(t, dir), page(t, kind)) {
			t.Errorf("%s: the page differs from time to time", kind)
		}
	}
}

// What stands in a run is shown, and not run.
func TestTextIsEscaped(t *testing.T) {
	got := page(t, "run")
	if bytes.Contains(got, []byte(hostile)) {
		t.Error("a run's text stands in the page as it is")
	}
	if !bytes.Contains(got, []byte(template.HTMLEscapeString(`</script><script>`))) {
		t.Error("the warning is not shown")
	}
}

// The page has nothing to load, and would not be let.
func TestNothingIsLoaded(t *testing.T) {
	got := string(page(t, "run"))
	head, _, _ := strings.Cut(got, "<body>")
	if !strings.Contains(head, `content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"`) {
		t.Error("the page may load something")
	}
	markup := strings.ReplaceAll(got, echarts, "")
	if found := regexp.MustCompile(`<(script|img|iframe)[^>]*\bsrc=`).FindString(markup); found != "" {
		t.Errorf("the page has %s", found)
	}
	if strings.Contains(echarts, "</script") {
		t.Error("the library ends its own script tag")
	}
}

// Each place that is to be drawn has its data, and the other way round.
func TestEachChartHasItsPlace(t *testing.T) {
	for _, name := range []string{"run", "sweep", "matrix"} {
		got := page(t, name)
		data := regexp.MustCompile(`(?s)id="charts">(.*?)</script>`).FindSubmatch(got)
		var charts map[string]Chart
		if err := json.Unmarshal(bytes.ReplaceAll(data[1], []byte("null"), []byte("0")), &charts); err != nil {
			t.Fatal(err)
		}
		if len(charts) < 11 {
			t.Errorf("%s: only %d charts", name, len(charts))
		}
		for id, c := range charts {
			if placed := bytes.Contains(got, []byte(`id="`+id+`"`)); placed != c.Anything() {
				t.Errorf("%s: %s has a place: %t, and anything to draw: %t", name, id, placed, c.Anything())
			}
		}
	}
}

// What a picture can draw, the page can: each axis has its name in the scripts.
func TestEveryAxisHasItsName(t *testing.T) {
	for x := chart.Seconds; x <= chart.Categories; x++ {
		if xNames[x] == "" {
			t.Errorf("X axis %d has none", x)
		}
	}
	for y := chart.LogDuration; y <= chart.Number; y++ {
		if yNames[y] == "" {
			t.Errorf("Y axis %d has none", y)
		}
	}
	got := panel("x", chart.Panel{X: chart.Logs, Lines: []chart.Line{{X: []float64{1, 1000}, Y: []float64{1, 2}}}})
	if got.X != "logs" || len(got.Ticks) != 2 || got.Ticks[1].Label != "1000" {
		t.Errorf("%+v", got)
	}
}

func TestMaybe(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.1234567: "0.123457", 12: "12", math.Inf(1): `"open"`, math.Inf(-1): `"open"`} {
		if got, err := Maybe(v).MarshalJSON(); err != nil || string(got) != want {
			t.Errorf("%v is written %s, %v; want %s", v, got, err, want)
		}
	}
	if got, _ := Maybe(math.NaN()).MarshalJSON(); string(got) != "null" {
		t.Errorf("NaN is written %s", got)
	}
}

// Two sessions of the same scenarios are told apart.
func TestSideBySide(t *testing.T) {
	got := string(written(t, session(t), session(t)))
	for _, want := range []string{"sync #1", "sync #2", "#2 is from "} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

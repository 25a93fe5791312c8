//go:build long

package page

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"crosstalk/internal/result"
)

// browserCommand is the browser to test in: $CROSSTALK_BROWSER, which then has to be
// there, or one that is found.
func browserCommand(t *testing.T) string {
	t.Helper()
	if asked := os.Getenv("CROSSTALK_BROWSER"); asked != "" {
		path, err := exec.LookPath(asked)
		if err != nil {
			t.Fatalf("CROSSTALK_BROWSER: %v", err)
		}
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no chromium is found, and CROSSTALK_BROWSER names none: the page is not tested in a browser")
	return ""
}

// tab is a page that is open in a browser, and what went wrong in it.
type tab struct {
	*testing.T
	ctx context.Context

	mu       sync.Mutex
	troubles []string
}

// open opens a page, from a file, as a reader does.
func open(t *testing.T, html []byte) *tab {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, html, 0o644); err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(browserCommand(t)), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1200, 900),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &tab{T: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.watch); err != nil {
		t.Fatal(err)
	}
	call(b, network.Enable, network.EnableParams{})
	call(b, log.Enable, cdp.Empty{})
	b.do(chromedp.Navigate((&url.URL{Scheme: "file", Path: path}).String()), chromedp.WaitReady(chromedp.CSS("#legend .key")))
	return b
}

// watch notes errors, and requests for anything but the page itself and what it holds.
func (b *tab) watch(event any) {
	trouble := ""
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			trouble = fmt.Sprintf("console: %s", e.Args[0].Value)
		}
	case *runtime.EventExceptionThrown:
		trouble = "exception: " + e.ExceptionDetails.Text
	case *log.EventEntryAdded:
		trouble = "log: " + e.Entry.Text
	case *network.EventRequestWillBeSent:
		if to := e.Request.URL; !strings.HasPrefix(to, "data:") && !(strings.HasPrefix(to, "file:") && e.Type == network.ResourceTypeDocument) {
			trouble = "it asks for " + to
		}
	}
	if trouble != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.troubles = append(b.troubles, trouble)
	}
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.Fatal(err)
	}
}

// call runs a command of the DevTools protocol.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) {
	b.Helper()
	if _, err := chromedp.Call(b.ctx, command, params); err != nil {
		b.Fatal(err)
	}
}

// says waits until an expression is what is wanted, and fails if it does not become
// that: a page draws when the browser lets it.
func (b *tab) says(expression, want string) {
	b.Helper()
	got := ""
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if got = b.evaluate("String(" + expression + ")"); got == want {
			return
		}
	}
	b.Errorf("%s is %s, want %s", expression, got, want)
}

func (b *tab) evaluate(expression string) string {
	b.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatal(err)
	}
	return got
}

// click clicks the first of what a selector finds.
func click(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(selector))
}

func (b *tab) calm() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, trouble := range b.troubles {
		b.Error(trouble)
	}
}

// shoot takes a picture of the whole page, into $CROSSTALK_SCREENSHOTS if that is
// set: they are to be looked at, not compared.
func (b *tab) shoot(name string) {
	b.Helper()
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100)) // PNG
	if err != nil {
		b.Fatal(err)
	}
	if len(picture) < 20_000 {
		b.Errorf("the picture %s has %d bytes: nothing can be on it", name, len(picture))
	}
	if dir := os.Getenv("CROSSTALK_SCREENSHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644); err != nil {
			b.Fatal(err)
		}
	}
}

// drawn counts the places in view in which something is drawn, of all of them. A
// chart is more than its ground: it has paths and it has words.
const (
	inView = `[...document.querySelectorAll(".plot")].filter((p) => !p.closest("[hidden]"))`
	drawn  = inView + `.filter((p) => p.querySelectorAll("svg path").length > 3 && p.querySelectorAll("svg text").length > 1 && p.clientHeight >= 80).length`
	places = inView + `.length`
)

func TestInBrowser(t *testing.T) {
	browserCommand(t)
	for name, c := range map[string]struct {
		page   []byte
		charts string
	}{
		"run":    {page(t, "run"), "11"},
		"sweep":  {page(t, "sweep"), "13"},
		"matrix": {page(t, "matrix"), "12"},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, c.page)
			b.says(places, c.charts)
			b.says(drawn, c.charts)
			b.says(`document.title.includes("harm")`, "false")
			b.shoot(name + "-light")
			b.do(click("#theme"))
			b.says(`document.documentElement.dataset.theme`, "dark")
			b.says(`getComputedStyle(document.body).backgroundColor`, "rgb(15, 19, 24)")
			b.says(drawn, c.charts)
			b.shoot(name + "-dark")
			call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 390, Height: 844, DeviceScaleFactor: 2, Mobile: true})
			b.do(click("#theme"))
			b.says(`document.documentElement.dataset.theme`, "light")
			b.says(drawn, c.charts)
			b.says(`document.documentElement.scrollWidth <= 390`, "true")
			b.says(inView+`.every((p) => p.querySelector("svg").getBoundingClientRect().width <= 390)`, "true")
			b.shoot(name + "-narrow")
			b.calm()
		})
	}
}

// Where all that is asked fails, there are fewer charts, and those that are left
// are drawn.
func TestNothingSucceeds(t *testing.T) {
	browserCommand(t)
	dir := filepath.Join(t.TempDir(), "failing")
	made{dir: filepath.Join(dir, "sync"), scenario: "sync", failing: 1, verdict: result.OK}.write(t)
	alone := written(t, dir)
	made{dir: filepath.Join(dir, "async-replicated"), scenario: "async-replicated", failing: 1, verdict: result.OK}.write(t)
	for name, html := range map[string][]byte{"alone": alone, "beside one that succeeds": written(t, dir)} {
		b := open(t, html)
		t.Log(name)
		b.says(places+" > 0", "true")
		b.says(drawn+" === "+places, "true")
		b.calm()
	}
}

// The page is as dark as the reader's system, unless the reader wants it otherwise.
func TestDarkByPreference(t *testing.T) {
	browserCommand(t)
	b := open(t, page(t, "run"))
	b.says(`getComputedStyle(document.body).backgroundColor`, "rgb(255, 255, 255)")
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}},
	})
	b.says(`getComputedStyle(document.body).backgroundColor`, "rgb(15, 19, 24)")
	b.says(colours("v0-percentiles-0"), "#009e73 #2687be #808080 #d55e00")
	b.do(click("#theme"))
	b.says(`getComputedStyle(document.body).backgroundColor`, "rgb(255, 255, 255)")
	b.calm()
}

// colours are those of the lines that a chart draws thick, in order.
func colours(chart string) string {
	return `[...new Set([...document.querySelectorAll("#` + chart + ` svg path[stroke-width='2.4']")].map((p) => p.getAttribute("stroke")))].sort().join(" ")`
}

func TestLegendIsolates(t *testing.T) {
	browserCommand(t)
	b := open(t, page(t, "run"))
	every := "#0072b2 #009e73 #555555 #d55e00"
	b.says(colours("v0-percentiles-0"), every)
	key := func(n int) chromedp.Action[chromedp.Void] { return click(fmt.Sprintf("#legend .key:nth-child(%d)", n)) }
	b.do(key(1))
	b.says(`document.querySelector(".key[aria-pressed=true]").textContent`, "sync")
	for _, chart := range []string{"v0-percentiles-0", "v0-timeline-0", "v0-errors-0"} {
		b.says(colours(chart), "#0072b2")
	}
	b.says(`document.getElementById("v0-cost-0").textContent.includes("monolith")`, "false")
	b.says(`document.querySelectorAll(".card.dim").length`, "3")
	b.do(key(3))
	b.says(colours("v0-timeline-1"), "#009e73")
	b.do(key(3))
	b.says(colours("v0-timeline-1"), every)
	b.calm()
}

func TestHoverSaysValues(t *testing.T) {
	browserCommand(t)
	b := open(t, page(t, "run"))
	b.do(chromedp.ScrollIntoView(chromedp.CSS("#v0-errors-0")))
	b.evaluate(`(() => {
		const chart = echarts.getInstanceByDom(document.getElementById("v0-errors-0"));
		const [x, y] = chart.convertToPixel({ gridIndex: 0 }, [4.5, 0.5]);
		chart.dispatchAction({ type: "showTip", x, y });
		return "";
	})()`)
	for _, want := range []string{"second 4 · B outage", "sync100 %", "async-replicated0 %"} {
		b.says(fmt.Sprintf(`document.getElementById("v0-errors-0").textContent.includes(%q)`, want), "true")
	}
	b.calm()
}

func TestTablesSortAndCopy(t *testing.T) {
	browserCommand(t)
	b := open(t, page(t, "run"))
	const first = `[...document.querySelectorAll("figure.table tbody")][0]`
	names := first + `.innerText.split("\n").map((line) => line.split("\t")[0]).join(" ")`
	head := func(n int) chromedp.Action[chromedp.Void] {
		return click(fmt.Sprintf("figure.table th:nth-child(%d) button", n))
	}
	b.says(names, "sync async-request async-replicated monolith")
	b.do(head(1))
	b.says(names, "async-replicated async-request monolith sync")
	b.do(head(6)) // p50: 449 µs comes before 9.04 ms
	b.says(first+`.rows[0].cells[0].textContent`, "async-replicated")
	b.do(head(6))
	b.says(first+`.rows[3].cells[0].textContent`, "async-replicated")
	b.says(`document.querySelectorAll("figure.table th")[5].getAttribute("aria-sort")`, "descending")

	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		if _, err := chromedp.CallBrowser(b.ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted,
		}); err != nil {
			t.Fatal(err)
		}
	}
	b.do(click("figure.table .copy"))
	b.says(`document.querySelector(".copy").textContent`, "copied")
	got := b.evaluate(`navigator.clipboard.readText()`)
	lines := strings.Split(got, "\n")
	if len(lines) != 6 || lines[0] != "scenario,asked,achieved,successes,errors,p50,p90,p99,p99.9,max" || !strings.Contains(got, `,"26.5 % [23.6, 29.7]",`) {
		t.Errorf("copied is %q", got)
	}
	b.calm()
}

// An end that is open is an arrow at the edge of the chart, and the pointer says so: of the
// published sweep, those of the three p99 where half of the calls fail.
func TestOpenEnds(t *testing.T) {
	browserCommand(t)
	b := open(t, written(t, filepath.Join("..", "..", "results", "reference", "sweep")))
	const chart = `document.getElementById("propagation-0-1")`
	// A tip is three corners, the first of which is at the top of the grid.
	tips := `[...` + chart + `.querySelectorAll("svg path")].filter((p) => {
		const corners = p.getAttribute("d").match(/-?[\d.]+ -?[\d.]+/g), top = echarts.getInstanceByDom(` + chart + `).getModel().getComponent("grid").coordinateSystem.getRect().y;
		return !p.getAttribute("transform") && corners.length === 3 && Math.abs(Number(corners[0].split(" ")[1]) - top) < 1;
	}).length`
	b.says(tips, "3")
	b.says(`document.body.textContent.includes("An arrow is an end of an interval without a bound")`, "true")
	b.do(chromedp.ScrollIntoView(chromedp.CSS("#propagation-0-1")))
	b.evaluate(`(() => {
		const drawn = echarts.getInstanceByDom(` + chart + `);
		const [x, y] = drawn.convertToPixel({ gridIndex: 0 }, [Math.sqrt(0.5), -1]);
		drawn.dispatchAction({ type: "showTip", x, y });
		return "";
	})()`)
	b.says(chart+`.textContent.includes(", open]")`, "true")
	b.shoot("open-ends")
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 390, Height: 844, DeviceScaleFactor: 2, Mobile: true})
	b.says(inView+`.every((p) => p.querySelector("svg").getBoundingClientRect().width <= 390)`, "true")
	b.says(tips, "3")
	b.shoot("open-ends-narrow")
	b.calm()
}

// The names of windows are readable however narrow these are: none lies on another one,
// and each is beside the left edge of its window, or at the end of the chart.
func TestNamesOfWindows(t *testing.T) {
	browserCommand(t)
	names := func(chart string) string {
		return `(() => {
			const place = document.getElementById("` + chart + `"), names = JSON.parse(document.getElementById("charts").textContent)["` + chart + `"].shades.map((s) => s.label);
			return [...place.querySelectorAll("svg text")].filter((text) => names.includes(text.textContent)).map((text) => text.getBoundingClientRect());
		})()`
	}
	apart := `.every((a, n, all) => all.every((b, m) => n === m || a.right < b.left || b.right < a.left || a.bottom <= b.top + 1 || b.bottom <= a.top + 1))`
	for name, c := range map[string]struct {
		chart   string
		atLeast int
	}{"retry-storm": {"v0-errors-0", 2}, "matrix": {"v0-errors-0", 20}} {
		t.Run(name, func(t *testing.T) {
			b := open(t, written(t, filepath.Join("..", "..", "results", "reference", name)))
			n := names(c.chart)
			b.says(fmt.Sprintf(`%s.length >= %d`, n, c.atLeast), "true")
			b.says(n+apart, "true")
			b.shoot("names-" + name)
			call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 390, Height: 844, DeviceScaleFactor: 2, Mobile: true})
			b.says(inView+`.every((p) => p.querySelector("svg").getBoundingClientRect().width <= 390)`, "true")
			b.says(n+`.length > 1`, "true")
			b.says(n+apart, "true")
			b.says(n+`.every((r) => r.left >= 0 && r.right <= 390)`, "true")
			b.shoot("names-" + name + "-narrow")
			b.calm()
		})
	}
}

// A sweep's page shows one point at a time.
func TestViews(t *testing.T) {
	browserCommand(t)
	b := open(t, page(t, "sweep"))
	b.says(`document.querySelectorAll(".view:not([hidden])").length`, "1")
	b.evaluate(`(() => { const view = document.getElementById("view"); view.value = "2"; view.dispatchEvent(new Event("change")); return ""; })()`)
	b.says(`document.querySelector(".view:not([hidden])").dataset.view`, "2")
	b.says(drawn, "13")
	b.calm()
}

//go:build chromium

package page_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"peerguard/cmd/peerguard/page"
	"peerguard/function/guard"
	"peerguard/function/peering"
)

const script = "<script>alert(1)</script>"

// open opens the page of the sample report in a new Chromium, from a file, as a reader would. The names of one connection and
// of its requester look like script.
func open(t *testing.T) *tab {
	t.Helper()
	r, meta := sample()
	meta.Title = "Sweep " + script
	meta.Entries = append(meta.Entries, guard.Entry{
		InstanceID: script, Outcome: guard.WouldReject, Status: peering.Accepting, Reason: `"><img src=x onerror=alert(2)>`,
		Requester: peering.Side{Account: script, VPC: "</title>" + script}, Accepter: peering.Side{Account: "1111111111111111", VPC: script},
	})
	r.Counts[guard.WouldReject]++
	file := filepath.Join(t.TempDir(), "sweep.html")
	if err := os.WriteFile(file, []byte(write(t, r, meta)), 0o600); err != nil {
		t.Fatal(err)
	}
	return start(t, "file://"+file)
}

// ids are the connections that the table shows, from top to bottom.
const ids = `[...document.querySelectorAll("#list tbody tr")].filter(r => r.checkVisibility()).map(r => r.cells[3].textContent)`

func (b *tab) shows(want ...string) {
	b.t.Helper()
	if got := value[[]string](b, ids); !slices.Equal(got, want) {
		b.t.Errorf("the table shows %q, want %q", got, want)
	}
}

func expect[T comparable](b *tab, expression string, want T) {
	b.t.Helper()
	if got := value[T](b, expression); got != want {
		b.t.Errorf("%s is %v, want %v", expression, got, want)
	}
}

func TestBrowserText(t *testing.T) {
	t.Parallel()
	b := open(t)
	expect(b, `document.scripts.length`, 1)
	expect(b, `document.images.length`, 0)
	expect(b, `document.title`, "Sweep "+script)
	expect(b, `document.querySelector("h1").textContent`, "Sweep "+script)
	expect(b, `[...document.querySelectorAll("#list tbody th")].filter(c => c.textContent === "`+script+`").length`, 1)
	expect(b, `[...document.querySelectorAll("#picture .box text.id")].map(e => e.textContent).filter(s => s.startsWith("<script>")).length`, 2)
	expect(b, `[...document.querySelectorAll("#picture .line title")].filter(e => e.textContent.includes("`+script+`")).length`, 1)
	expect(b, `document.querySelectorAll("#picture .line").length`, 7)
	b.quiet()
}

func TestBrowserSorts(t *testing.T) {
	t.Parallel()
	b := open(t)
	byOutcome := value[[]string](b, ids)
	if byOutcome[0] != "pcc-failed" || byOutcome[9] != "pcc-ignored" {
		t.Errorf("at first the table shows %q", byOutcome)
	}
	byID := slices.Clone(byOutcome)
	slices.Sort(byID)
	b.click(`#list thead th:nth-child(4) button`)
	b.shows(byID...)
	expect(b, `document.querySelector("#list th:nth-child(4)").getAttribute("aria-sort")`, "ascending")
	expect(b, `document.querySelectorAll("#list [aria-sort]").length`, 1)
	b.press("Enter") // the heading has the focus
	slices.Reverse(byID)
	b.shows(byID...)
	expect(b, `document.querySelector("#list th:nth-child(4)").getAttribute("aria-sort")`, "descending")
	b.press("Tab")
	expect(b, `document.activeElement.textContent`, "State")
	b.press("Space")
	expect(b, `document.querySelector("#list th:nth-child(5)").getAttribute("aria-sort")`, "ascending")
	b.click(`#list thead th:nth-child(1) button`)
	expect(b, `document.querySelector("#list tbody tr").dataset.outcome`, "failed")
	b.click(`#visits thead th:nth-child(3) button`)
	b.press("Enter")
	expect(b, `[...document.querySelectorAll("#visits tbody tr")].map(r => r.cells[2].textContent).join(" ")`, "1,207 30 0")
	b.quiet()
}

func TestBrowserFilters(t *testing.T) {
	t.Parallel()
	b := open(t)
	expect(b, `document.querySelector("#shown").textContent`, "10 shown")
	b.click("#find")
	b.enter("2222222222222222 PCC-ALLOWED")
	b.shows("pcc-allowed-1", "pcc-allowed-2")
	expect(b, `document.querySelector("#shown").textContent`, "2 of 10 shown")
	b.click(`[data-facet="state"][data-value="pending"]`)
	b.shows("pcc-allowed-2")
	b.click(`[data-facet="outcome"][data-value="violation"]`)
	b.shows()
	expect(b, `document.querySelector("#nothing").checkVisibility()`, true)
	b.click("#clear")
	expect(b, `document.activeElement.id`, "find")
	expect(b, `document.querySelector("#shown").textContent`, "10 shown")
	b.click(`[data-facet="outcome"][data-value="violation"]`)
	b.press("Tab", "Space") // the next chip
	b.shows("pcc-late", "pcc-new")
	expect(b, `[...document.querySelectorAll(".chip[aria-pressed=true]")].map(c => c.dataset.value).join()`, "violation,not_ready")
	expect(b, `[...document.querySelectorAll("#picture .line")].filter(l => getComputedStyle(l).display !== "none").map(l => l.dataset.outcome).sort().join()`, "not_ready,violation")
	b.click("#find")
	b.enter("<script>")
	b.shows()
	b.quiet()
}

func TestBrowserPicture(t *testing.T) {
	t.Parallel()
	b := open(t)
	box := `#picture .box[data-find="3333333333333333"]`
	b.hover(box)
	expect(b, `[...document.querySelectorAll("#picture .lit")].map(l => l.dataset.outcome).sort().join()`, "rejected,would_reject")
	b.click(box)
	b.shows("pcc-gone", "pcc-dry")
	expect(b, `document.querySelector("#find").value`, "3333333333333333")
	expect(b, `[...document.querySelectorAll("#picture .line .stroke")].every(l => l.getTotalLength() > 300 && getComputedStyle(l).stroke !== "none")`, true)
	expect(b, `new Set([...document.querySelectorAll("#picture .line .stroke")].map(l => getComputedStyle(l).stroke)).size`, 6)
	b.quiet()
}

func TestBrowserThemes(t *testing.T) {
	t.Parallel()
	const ground = `getComputedStyle(document.documentElement).backgroundColor`
	const light, dark = "rgb(245, 246, 248)", "rgb(14, 17, 22)"
	b := open(t)
	b.media("screen", "light")
	expect(b, ground, light)
	expect(b, `document.querySelector("#theme").textContent`, "Dark theme")
	b.media("screen", "dark")
	expect(b, ground, dark)
	expect(b, `document.querySelector("#theme").textContent`, "Light theme")
	b.shot("dark")
	b.click("#theme")
	expect(b, ground, light)
	b.media("screen", "light")
	b.shot("light")
	b.click("#theme")
	expect(b, ground, dark)
	b.media("print", "dark")
	expect(b, ground, "rgb(255, 255, 255)")
	expect(b, `document.querySelector(".controls").checkVisibility() || document.querySelector("#theme").checkVisibility()`, false)
	expect(b, `document.querySelector("#list").checkVisibility() && document.querySelector("#picture").checkVisibility()`, true)
	b.quiet()
}

// TestBrowserWidths: from a phone to a huge screen, the page itself never scrolls sideways.
func TestBrowserWidths(t *testing.T) {
	t.Parallel()
	b := open(t)
	for _, width := range []int{320, 375, 600, 1_024, 1_025, 1_280, 2_560} {
		b.resize(width)
		if got := value[int](b, `document.documentElement.scrollWidth`); got > width {
			t.Errorf("at %d pixels the page is %d wide", width, got)
		}
		b.shot(fmt.Sprint("wide-", width))
	}
	b.quiet()
}

// TestBrowserNoScript: without JavaScript the page is complete, but for the controls that would do nothing.
func TestBrowserNoScript(t *testing.T) {
	t.Parallel()
	b := open(t)
	b.reloadWithoutScript()
	for selector, visible := range map[string]bool{"#list": true, "#picture": true, "#visits": true, ".figures": true, ".controls": false, "#theme": false} {
		expect(b, fmt.Sprintf(`document.querySelector(%q).checkVisibility()`, selector), visible)
	}
	expect(b, ids+`.length`, 10)
	expect(b, `document.querySelectorAll("thead button").length`, 0)
	b.quiet()
}

// TestBrowserSecurity: even if a value became markup, the browser would not run or load anything.
func TestBrowserSecurity(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	b := open(t)
	b.quiet()
	const inject = `new Promise(done => {
		document.addEventListener("securitypolicyviolation", e => { seen.push(e.effectiveDirective); if (seen.length === %d) done(seen.sort().join()) });
		const seen = [], all = [
			["img", {src: "%[2]s/img"}], ["script", {src: "%[2]s/script.js"}], ["script", {textContent: "alert(3)"}], ["iframe", {src: "%[2]s/frame"}],
			["link", {rel: "stylesheet", href: "%[2]s/style.css"}], ["style", {textContent: "body { display: none }"}],
		];
		for (const [name, values] of all) document.body.append(Object.assign(document.createElement(name), values));
		document.body.insertAdjacentHTML("beforeend", "<p onclick='alert(4)' id=inline>");
		document.querySelector("#inline").click();
		fetch("%[2]s/fetch").catch(() => {});
	})`
	expect(b, fmt.Sprintf(inject, 8, server.URL), "connect-src,frame-src,img-src,script-src-attr,script-src-elem,script-src-elem,style-src-elem,style-src-elem")
	if n := asked.Load(); n > 0 || b.dialogs > 0 {
		t.Errorf("%d requests left the page, %d dialogs opened", n, b.dialogs)
	}
}

// TestBrowserLarge: a thousand connections sort and filter without a noticeable pause, and print.
func TestBrowserLarge(t *testing.T) {
	t.Parallel()
	r, meta := many(1_000)
	file := filepath.Join(t.TempDir(), "large.html")
	if err := os.WriteFile(file, []byte(write(t, r, page.Meta{Entries: meta.Entries})), 0o600); err != nil {
		t.Fatal(err)
	}
	b := start(t, "file://"+file)
	b.click(`#list thead th:nth-child(2) button`)
	expect(b, `document.querySelector("#list tbody tr").cells[1].textContent.startsWith("2222222222222222")`, true)
	b.click("#find")
	b.enter("khwvtkm000999")
	b.shows("pcc-lnk0m24khwvtkm000999")
	b.shot("large")
	pdf := call[struct{ Data []byte }](b, "Page.printToPDF", params{"preferCSSPageSize": true})
	if !strings.HasPrefix(string(pdf.Data), "%PDF-") {
		t.Errorf("printing returned %.20q", pdf.Data)
	}
	b.quiet()
}

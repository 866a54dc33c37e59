//go:build chromium

package page_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"peerguard/cmd/peerguard/page"
	"peerguard/function/acs"
	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/function/vpcpeer"
	"peerguard/simulator"
)

// pictureFile is where `make picture` wants the picture of README; without it none is taken.
var pictureFile = os.Getenv("PEERGUARD_PICTURE")

// then is when the sweeps of these tests were.
var then = time.Date(2026, 11, 23, 22, 0, 5, 0, time.UTC)

// swept opens the page of a dry run with the repository's own policy over connections of a simulated cloud.
func swept(t *testing.T, items []simulator.Item) *tab {
	t.Helper()
	cloud := &simulator.Cloud{}
	cloud.AddKey(simulator.Key{ID: "id", Secret: "secret", Account: simulator.SeedAccepter})
	cloud.Put(items...)
	rules, err := policy.Load(os.DirFS(filepath.Join("..", "..", "..")), "policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rules.Mode = policy.DryRun
	var mu sync.Mutex
	meta := page.Meta{Account: string(simulator.SeedAccepter), Generated: then}
	inv := &guard.Invocation{
		TriggerID: "sweep@" + then.Format(time.RFC3339), RequestID: "local", Version: "v1.0.0", Account: simulator.SeedAccepter, Region: "cn-shanghai", Policy: rules,
		OnEntry: func(e guard.Entry) {
			mu.Lock()
			defer mu.Unlock()
			meta.Entries = append(meta.Entries, e)
		},
	}
	inv.Cloud = vpcpeer.New(acs.New(acs.Config{Transport: cloud}), acs.Caller{
		Account: simulator.SeedAccepter, Region: "cn-shanghai", Credentials: peering.NewCredentials("id", "secret", ""),
	}, inv.Role)
	scope, err := inv.Scope(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	meta.Regions = scope.Regions
	report := guard.New().Sweep(t.Context(), inv, scope, func(id string) string { return peering.SweepToken("", id) })
	file := filepath.Join(t.TempDir(), "sweep.html")
	if err := os.WriteFile(file, []byte(write(t, report, meta)), 0o600); err != nil {
		t.Fatal(err)
	}
	return start(t, "file://"+file)
}

// world returns n connections of account SeedAccepter: most are pending requests by strangers, some of whom ask for many VPCs.
func world(n int) []simulator.Item {
	random := rand.New(rand.NewPCG(17, uint64(n)))
	regions := []string{"cn-hangzhou", "cn-shanghai"}
	words := []peering.Status{peering.Accepting, peering.Accepting, peering.Accepting, peering.Activated, peering.Activated, peering.Expired}
	names := []string{"payments", "urgent-audit", "备份链路", "", "please accept, ticket 4711", "<b>test</b>"}
	accepter, err := strconv.ParseInt(string(simulator.SeedAccepter), 10, 64)
	if err != nil {
		panic(err)
	}
	items := make([]simulator.Item, n)
	for i := range items {
		requester := 2000000000000000 + random.Int64N(int64(1+n/3))*7_919_113
		if i%5 == 0 {
			requester = 2222222222222222
		}
		own := regions[random.IntN(2)]
		items[i] = simulator.Item{
			InstanceID: fmt.Sprintf("pcc-lnk0m24khwvtkm%04d", i), Name: names[random.IntN(len(names))], Status: words[random.IntN(len(words))],
			OwnerID: requester, RegionID: []string{"cn-hangzhou", "ap-southeast-1"}[random.IntN(2)],
			AcceptingOwnerUID: accepter, AcceptingRegionID: own,
			GmtExpired:   simulator.Time(then.Add(time.Duration(random.IntN(7*24)) * time.Hour).Format(simulator.TimeFormat)),
			VPC:          simulator.VPC{VpcID: fmt.Sprintf("vpc-bp1vzjkp2q1xgni%06d", i), Ipv4Cidrs: []string{"10.1.0.0/16", "192.168.0.0/16"}},
			AcceptingVPC: simulator.VPC{VpcID: fmt.Sprintf("vpc-uf6q7x2k9j4m1n8b5%04d", random.IntN(1+n/8)), Ipv4Cidrs: []string{"172.16.0.0/12"}},
		}
	}
	return items
}

// TestBrowserSizes: at every size and in both themes the page does not scroll sideways, no text is cut, and the counts add up.
func TestBrowserSizes(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 8, 49, 2_000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			b := swept(t, world(n))
			total := value[int](b, `[...document.querySelectorAll(".figures .number")].reduce((sum, e) => sum + Number(e.textContent.replace(",", "")), 0)`)
			if listed := value[int](b, `document.querySelectorAll("#list tbody tr").length`); total != n || listed != n {
				t.Errorf("the page counts %d connections and lists %d, want %d", total, listed, n)
			}
			for _, width := range []int{390, 768, 1_280} {
				b.resize(width)
				if got := value[int](b, `document.documentElement.scrollWidth`); got > width {
					t.Errorf("at %d pixels the page is %d wide", width, got)
				}
				if cut := value[[]string](b, cutTexts); len(cut) > 0 {
					t.Errorf("at %d pixels these are cut: %q", width, cut[:min(len(cut), 5)])
				}
				b.media("screen", map[int]string{390: "light", 768: "dark", 1_280: "dark"}[width])
				b.shot(fmt.Sprint(n, "-", width))
			}
			b.quiet()
		})
	}
}

// cutTexts are the texts that are wider than the cell or the box that they are in.
const cutTexts = `[...document.querySelectorAll("td, tbody th, dt, dd, .notice, .chip, h1, h2, p, summary")]
	.filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline")
	.map(e => e.textContent.trim().slice(0, 60))
	.concat([...document.querySelectorAll("#picture .box")].filter(box => {
		const edge = box.querySelector("rect").getBoundingClientRect();
		return [...box.querySelectorAll("text")].some(e => { const r = e.getBoundingClientRect(); return r.left < edge.left || r.right > edge.right; });
	}).map(box => box.textContent))`

// TestBrowserPendingFirst: the first section and the top of the picture show who waits for an answer.
func TestBrowserPendingFirst(t *testing.T) {
	t.Parallel()
	b := swept(t, world(49))
	expect(b, `document.querySelector("h2").id`, "pending-heading")
	pending := `[...document.querySelectorAll("#list tbody tr")].filter(r => r.dataset.state === "pending")`
	waiting := value[int](b, `new Set(`+pending+`.map(r => r.cells[1].querySelector("code").textContent)).size`)
	rows := value[[]string](b, `[...document.querySelectorAll("#requesters tbody th code")].map(e => e.textContent)`)
	boxes := value[[]string](b, `[...document.querySelectorAll("#picture .box[data-from]")].sort((a, b) => a.getBoundingClientRect().y - b.getBoundingClientRect().y).map(e => e.dataset.find)`)
	slices.Sort(rows)
	slices.Sort(boxes[:waiting])
	if waiting < 5 || !slices.Equal(rows, boxes[:waiting]) {
		t.Errorf("%d accounts wait, the table has %q, and the picture starts with %q", waiting, rows, boxes[:waiting])
	}
	expect(b, pending+`.every(r => /expires 2026-1[12]-\d\d \d\d:\d\d UTC/.test(r.textContent))`, true)
	b.click(`#requesters thead th:nth-child(4) button`)
	firsts := value[[]string](b, `[...document.querySelectorAll("#requesters tbody tr")].map(r => r.cells[3].textContent)`)
	if !slices.IsSorted(firsts) {
		t.Errorf("sorted by expiry, the rows expire %q", firsts)
	}
	b.quiet()
}

// TestBrowserReadme takes the picture that README shows, of the simulator's own seed.
func TestBrowserReadme(t *testing.T) {
	if pictureFile == "" {
		t.Skip("PEERGUARD_PICTURE names no file: run make picture")
	}
	b := swept(t, simulator.DefaultSeed(then))
	b.media("screen", "light")
	b.capture(pictureFile, value[float64](b, `document.querySelector("#connections").getBoundingClientRect().top + scrollY`))
}

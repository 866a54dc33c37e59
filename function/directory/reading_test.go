package directory_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"peerguard/function/directory"
	"peerguard/function/peering"
	"peerguard/simulator"
)

func TestReading(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		began := time.Now()
		w.Latency = time.Second
		r, err := w.client().Reading(within(t, time.Minute), 0)
		if err != nil {
			t.Fatal(err)
		}
		if r.ID != "rd-3G0000" || r.Root != "r-AAAAAA" || r.Management != management || !r.AsOf.Equal(began) || r.Size() != 4 {
			t.Errorf("got %+v", r)
		}
		want := map[peering.Account]peering.Path{own: folder, member(0): nested, member(1): nested, member(2): nested, management: root}
		if diff := cmp.Diff(want, maps.Collect(r.Accounts())); diff != "" {
			t.Errorf("accounts (-want +got):\n%s", diff)
		}
		if path := r.Path(""); path.Known() {
			t.Errorf("the unknown account is at %q", path)
		}
	})
}

// TestReadingsAge: a sweep asks for a fresh reading, and a failure does not take the old one away.
func TestReadingsAge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		read := func(age time.Duration) int {
			r, err := w.client().Reading(within(t, time.Minute), age)
			if err != nil {
				t.Fatal(err)
			}
			return r.Size()
		}
		if n := read(0); n != 2 {
			t.Errorf("%d members", n)
		}
		w.PutMember(simulator.Member{Account: stranger, Path: folder})
		time.Sleep(time.Minute)
		if n := read(time.Minute); n != 2 {
			t.Errorf("a reading that is young enough has %d members", n)
		}
		if n := read(30 * time.Second); n != 3 {
			t.Errorf("a new reading has %d members", n)
		}
		w.Inject(simulator.Fault{Kind: simulator.Forbidden, Action: "ListAccounts"})
		time.Sleep(time.Minute)
		r, err := w.client().Reading(within(t, time.Minute), 0)
		if f := failed(t, err); f.Code != "NoPermission" || r.Size() != 3 {
			t.Errorf("got %v and %d members", f, r.Size())
		}
	})
}

// TestDirectoryWithoutMembers: a directory may be empty, except for its management account.
func TestDirectoryWithoutMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	w.SetDirectory(simulator.Directory{ID: "rd-b", Root: "r-b", Management: own})
	client := w.memory.Client(caller(), directory.Access{})
	r, err := client.Reading(within(t, time.Minute), 0)
	if err != nil || r.Size() != 0 || r.Path(own) != "rd-b/r-b" {
		t.Errorf("got %+v, %v", r, err)
	}
	if path, err := client.Path(within(t, time.Minute), stranger); err != nil || path != peering.Outside {
		t.Errorf("got %q, %v", path, err)
	}
}

// TestPinnedDirectory: what another directory says is not used, neither for members nor for strangers.
func TestPinnedDirectory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	client := w.memory.Client(caller(), directory.Access{ID: "rd-other"})
	for _, account := range []peering.Account{own, member(0), management, stranger} {
		path, err := client.Path(within(t, time.Minute), account)
		if f := failed(t, err); f.Code != "DirectoryUnavailable" || !strings.Contains(f.Message, "rd-3G0000") || !strings.Contains(f.Message, "rd-other") || path != "" {
			t.Errorf("got %q, %v", path, err)
		}
	}
	if r, err := client.Reading(within(t, time.Minute), 0); r != nil || err == nil {
		t.Errorf("got %v, %v", r, err)
	}
	if n := w.Stats().ByAction["GetAccount"]; n != 0 {
		t.Errorf("%d strangers were asked for", n)
	}
	w.wantPath(t, member(0), nested)
}

// TestListsThatContradictThemselves: such a list is read again once, and is no reading the second time.
func TestListsThatContradictThemselves(t *testing.T) {
	t.Parallel()
	for _, kind := range []simulator.Kind{simulator.EarlyEnd, simulator.Overlap, simulator.MovingTotal, simulator.EndlessPages, simulator.SameToken} {
		for count, want := range map[int]string{1: "", 2: "", 0: "IncompleteList"} {
			t.Run(fmt.Sprintf("%s %d", kind, count), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, 250)
				// Only the second page is wrong: there a list that was good so far turns out not to be.
				w.Inject(simulator.Fault{Kind: kind, Action: "ListAccounts", Skip: 1, Count: count})
				r, err := w.client().Reading(within(t, time.Minute), 0)
				switch {
				case want == "" && (err != nil || r.Size() != 251):
					t.Errorf("got %v", err)
				case want != "" && (failed(t, err).Code != want || r != nil):
					t.Errorf("got %v, %v, want %s", r, err, want)
				}
			})
		}
	}
}

// TestListsThatKeepMoving: an organisation in which accounts come and go during every reading is not read, and nobody is
// taken for a stranger.
func TestListsThatKeepMoving(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 250)
	joined := 0
	w.Before = func(call simulator.Call) {
		if call.Action == "ListAccounts" {
			joined++
			w.PutMember(simulator.Member{Account: member(1_000 + joined), Path: folder})
		}
	}
	w.wantUnknown(t, member(249), "IncompleteList")
	w.wantUnknown(t, stranger, "IncompleteList")
}

// TestReadingsAgainstTheTruth: over random organisations that change during every other page, a reading that succeeds
// holds only accounts that were members at the time, and a path is never wrong.
func TestReadingsAgainstTheTruth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for range 40 {
			w := newWorld(t, 0)
			ever := map[peering.Account]bool{own: true}
			now := map[peering.Account]bool{own: true}
			change := func() {
				if a := member(r.IntN(400)); now[a] && r.IntN(2) == 0 {
					w.RemoveMember(a)
					delete(now, a)
				} else {
					w.PutMember(simulator.Member{Account: a, Path: []string{root, folder, nested}[r.IntN(3)]})
					now[a], ever[a] = true, true
				}
			}
			for range r.IntN(500) {
				change()
			}
			w.Before = func(call simulator.Call) {
				if call.Action == "ListAccounts" && r.IntN(8) == 0 {
					change()
				}
			}
			reading, err := w.client().Reading(within(t, time.Hour), 0)
			w.Before = nil
			if err != nil {
				if f := failed(t, err); f.Code != "IncompleteList" {
					t.Fatal(err)
				}
				continue
			}
			for a := range reading.Accounts() {
				if !ever[a] && a != management {
					t.Errorf("%s never was a member", a)
				}
			}
			for a := range now {
				if path, err := w.path(t, a); err != nil || path == peering.Outside {
					t.Errorf("member %s: %q, %v", a, path, err)
				}
			}
		}
	})
}

// TestStanding: what the reading account is to its directory.
func TestStanding(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	check := func(want directory.Standing, code string) {
		t.Helper()
		got, err := w.client().Standing(within(t, time.Minute))
		if got != want || (err != nil) != (code != "") || err != nil && failed(t, err).Code != code {
			t.Errorf("got %q, %v, want %q, %q", got, err, want, code)
		}
	}
	check(directory.DelegatedAdministrator, "")
	w.Deny(own, "ListAccounts")
	check(directory.PlainMember, "NoPermission")
	w.Allow(own, "ListAccounts")
	w.SetDirectory(simulator.Directory{ID: "rd-b", Root: "r-b", Management: management, Administrators: []peering.Account{}, Members: []simulator.Member{{Account: own, Path: "rd-b/r-b"}}})
	check(directory.PlainMember, "EntityNotExists.ResourceDirectory")
	w.SetDirectory(simulator.Directory{ID: "rd-b", Root: "r-b", Management: own})
	check(directory.ManagementAccount, "")
	w.SetDirectory(simulator.Directory{ID: "rd-b", Root: "r-b", Management: management})
	check(directory.NoMember, "")
	w.Deny(own, "GetResourceDirectory")
	check("", "NoPermission")
}

// TestRegions: the list is kept for six hours, sorted, and survives failures.
func TestRegions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		w.Regions = []string{"me-east-1", "cn-hangzhou", "cn-shanghai"}
		regions := func() (string, error) {
			ids, err := w.client().Regions(within(t, time.Minute))
			text := strings.Join(ids, " ")
			slices.Reverse(ids) // the caller may do with them what it likes
			return text, err
		}
		first := "cn-hangzhou cn-shanghai me-east-1"
		for _, wait := range []time.Duration{0, 6 * time.Hour} {
			time.Sleep(wait)
			if got, err := regions(); err != nil || got != first {
				t.Errorf("got %q, %v", got, err)
			}
		}
		if n := w.Stats().ByAction["DescribeRegions"]; n != 1 {
			t.Errorf("%d calls in six hours", n)
		}
		w.Regions = []string{"cn-hangzhou"}
		w.Inject(simulator.Fault{Kind: simulator.Unavailable, Action: "DescribeRegions"})
		time.Sleep(time.Millisecond)
		if got, err := regions(); failed(t, err).Code != "ServiceUnavailable" || got != first {
			t.Errorf("got %q, %v", got, err)
		}
		w.ClearFaults()
		time.Sleep(time.Minute)
		if got, err := regions(); err != nil || got != "cn-hangzhou" {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

// TestRegionsNeedNoDirectory: an account outside any directory has regions.
func TestRegionsNeedNoDirectory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	w.SetDirectory(simulator.Directory{ID: "rd-b", Root: "r-b", Management: management})
	if ids, err := w.memory.Client(caller(), directory.Access{}).Regions(within(t, time.Minute)); err != nil || !slices.Equal(ids, []string{"cn-hangzhou"}) {
		t.Errorf("got %v, %v", ids, err)
	}
}

// TestQuotasAreKept: many readings and questions at once are never throttled.
func TestQuotasAreKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 999)
		start := time.Now()
		for i := range 5 {
			if r, err := w.client().Reading(within(t, time.Hour), 0); err != nil || r.Size() != 1_000 {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
			w.wantPath(t, peering.Account(fmt.Sprintf("5%d", i)), peering.Outside)
		}
		for i := range 300 {
			w.wantPath(t, peering.Account(fmt.Sprintf("4%d", i)), peering.Outside)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// TestSizeOfAReading: a member costs less than 200 bytes, however deep its folder is.
func TestSizeOfAReading(t *testing.T) { // not parallel: it measures the heap
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		const n = 10_000
		for i := range n - 1 {
			w.PutMember(simulator.Member{Account: member(i), Path: nested + strings.Repeat("/fd-CCCCCCCCCC", i%4)})
		}
		w.Record = func(simulator.Call) {}
		before := heap()
		r, err := w.client().Reading(within(t, time.Minute), 0)
		if err != nil {
			t.Fatal(err)
		}
		each := (int64(heap()) - int64(before)) / n
		t.Logf("%d bytes a member", each)
		if r.Size() != n || each > 200 {
			t.Errorf("%d members, %d bytes each", r.Size(), each)
		}
	})
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestClientsDoNotPrintCredentials: fmt calls no method of what an unexported field holds.
func TestClientsDoNotPrintCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		leakFree(t, w, fmt.Errorf(verb+" "+verb, w.client(), *w.client()))
	}
}

package vpcpeer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/acs"
	"peerguard/function/peering"
	"peerguard/function/vpcpeer"
	"peerguard/simulator"
)

// crowded is a world with n pending requests, the newest first.
func crowded(t *testing.T) *world {
	t.Helper()
	const n = 250
	w := newWorld(t)
	for i := range n {
		item := pending(fmt.Sprintf("pcc-%03d", i), 1111111111111111)
		item.GmtCreate = fmt.Sprintf("2026-11-01T00:%02d:%02dZ", (n-1-i)/60, (n-1-i)%60)
		w.Put(item)
	}
	return w
}

// pages reads a list to its end.
func pages(ctx context.Context, s *vpcpeer.Client) (all [][]peering.Connection, err error) {
	next := s.List(home)
	for {
		page, err := next(ctx)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, page)
	}
}

func sizes(pages [][]peering.Connection) (n []int) {
	for _, page := range pages {
		n = append(n, len(page))
	}
	return n
}

// twice returns the ids that the pages show more than once.
func twice(pages [][]peering.Connection) (ids []string) {
	seen := map[string]int{}
	for _, c := range slices.Concat(pages...) {
		if seen[c.ID]++; seen[c.ID] == 2 {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

func TestListStreamsPagesOldestFirst(t *testing.T) {
	t.Parallel()
	got, err := pages(within(t, time.Minute), crowded(t).client)
	if err != nil || !slices.Equal(sizes(got), []int{100, 100, 50}) {
		t.Errorf("pages of %v, %v, want 100, 100, 50", sizes(got), err)
	}
	for _, page := range got {
		if !slices.IsSortedFunc(page, func(a, b peering.Connection) int { return strings.Compare(a.Created, b.Created) }) {
			t.Errorf("a page is not in order of age: %s", ids(page))
		}
	}
}

func TestListReadsAPageWhenItIsAskedFor(t *testing.T) {
	t.Parallel()
	w := crowded(t)
	if _, err := w.client.List(home)(within(t, time.Minute)); err != nil || w.Stats().Calls != 1 {
		t.Errorf("%d calls, %v, want one", w.Stats().Calls, err)
	}
}

func TestListOfAnEmptyPartition(t *testing.T) {
	t.Parallel()
	if got, err := pages(within(t, time.Minute), newWorld(t).client); err != nil || !slices.Equal(sizes(got), []int{0}) {
		t.Errorf("pages of %v, %v, want the empty one", sizes(got), err)
	}
}

// TestListThatEndedStaysEnded: no call is made to find that out again.
func TestListThatEndedStaysEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	next := w.client.List(home)
	for i, want := range []error{nil, io.EOF, io.EOF} {
		if _, err := next(within(t, time.Minute)); !errors.Is(err, want) || w.Stats().Calls != 1 {
			t.Errorf("call %d: %v after %d calls of the API, want %v", i, err, w.Stats().Calls, want)
		}
	}
}

// TestListGoesOnWhereItWas: a page that did not come in time is read with another context, and no page is left out.
func TestListGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := crowded(t)
		w.Inject(simulator.Fault{Kind: simulator.Hang, Skip: 1, Count: 3})
		next := w.client.List(home)
		var got []int
		var late int
		for {
			page, err := next(within(t, 15*time.Second))
			if errors.Is(err, io.EOF) {
				break
			}
			if err == nil {
				got = append(got, len(page))
				continue
			}
			if f := failed(t, err); f.Class != peering.OutOfTime || late > 5 {
				t.Fatalf("got %+v", f)
			}
			late++
		}
		if !slices.Equal(got, []int{100, 100, 50}) || late == 0 {
			t.Errorf("pages of %v after %d that came too late, want 100, 100, 50", got, late)
		}
	})
}

// TestConnectionsThatAreListedTwice are returned once: pages shift while they are read.
func TestConnectionsThatAreListedTwice(t *testing.T) {
	t.Parallel()
	w := crowded(t)
	w.Inject(simulator.Fault{Kind: simulator.Overlap, Action: "ListVpcPeerConnections"})
	got, err := pages(within(t, time.Minute), w.client)
	if all := slices.Concat(got...); err != nil || len(all) != 250 || twice(got) != nil {
		t.Errorf("%d connections, %v of them twice, %v", len(all), twice(got), err)
	}
}

// TestConnectionsWithoutIDs are never taken for one another.
func TestConnectionsWithoutIDs(t *testing.T) {
	t.Parallel()
	s := newClient(acs.Config{Transport: says{http.StatusOK, []byte(`{"RequestId":"r","TotalCount":2,"VpcPeerConnects":[{"OwnerId":1},{"OwnerId":2}]}`)}})
	got, err := pages(within(t, time.Minute), s)
	if err != nil || !slices.Equal(sizes(got), []int{2}) {
		t.Errorf("pages of %v, %v", sizes(got), err)
	}
}

// TestListThatEndsEarly is read once more. What is missing comes with the second reading, or the list is incomplete.
func TestListThatEndsEarly(t *testing.T) {
	t.Parallel()
	for times, want := range map[int]string{1: "", 2: "", 0: "IncompleteList: the API counts 250 connections and lists 50"} {
		t.Run(fmt.Sprint(times), func(t *testing.T) {
			t.Parallel()
			w := crowded(t)
			fault := simulator.Fault{Kind: simulator.EarlyEnd, Action: "ListVpcPeerConnections", Count: times}
			if times == 2 { // the second reading ends early too, but later: what both show is everything
				fault.Count, fault.Skip = 1, 2
			}
			w.Inject(fault)
			got, err := pages(within(t, time.Minute), w.client)
			all := slices.Concat(got...)
			if twice(got) != nil {
				t.Errorf("%v are returned twice", twice(got))
			}
			if want == "" {
				if err != nil || len(all) != 250 {
					t.Errorf("%d connections, %v", len(all), err)
				}
				return
			}
			if f := failed(t, err); f.Error() != want || !f.Retryable || w.Stats().Calls != 2 || len(all) != 50 {
				t.Errorf("%d connections after %d calls, %v, want %s", len(all), w.Stats().Calls, f, want)
			}
		})
	}
}

// TestListsWithoutTheirArray: an API that counts connections and shows none has not said that there are none.
func TestListsWithoutTheirArray(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"no-array":   "IncompleteList: the API counts 3 connections and lists 0",
		"null-array": "IncompleteList: the API counts 3 connections and lists 0",
		"truncated":  "IncompleteList: the API counts 500 connections and lists 1",
		"uncounted":  "", // an API that tells no count is believed
		"none":       "",
		"miscounted": "",
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(filepath.Join("testdata", "lists", file+".json"))
			if err != nil {
				t.Fatal(err)
			}
			_, err = pages(within(t, time.Minute), newClient(acs.Config{Transport: says{http.StatusOK, body}}))
			if want == "" && err != nil || want != "" && failed(t, err).Error() != want {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

// TestListsThatShrink: the smallest count is what is expected, since a connection may go while the list is read.
func TestListsThatShrink(t *testing.T) {
	t.Parallel()
	w := crowded(t)
	next := w.client.List(home)
	total := 0
	for n := 0; ; n++ {
		page, err := next(within(t, time.Minute))
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		total += len(page)
		for i := range 100 * (1 - min(n, 1)) { // after the first page, all that the second page would show
			w.Remove(fmt.Sprintf("pcc-%03d", 100+i))
		}
	}
	if total != 150 || w.Stats().ByAction["ListVpcPeerConnections"] != 2 {
		t.Errorf("%d connections in %d pages, want 150 in 2", total, w.Stats().ByAction["ListVpcPeerConnections"])
	}
}

// TestListWhereTheAPIIsNot: a region without VPC peering has nothing to guard. Get still says that it failed.
func TestListWhereTheAPIIsNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Regions = []string{"cn-hangzhou"}
	got, err := pages(within(t, time.Minute), w.client)
	if err != nil || len(slices.Concat(got...)) != 0 || w.Stats().Calls != 1 {
		t.Errorf("pages of %v, %v after %d calls", sizes(got), err, w.Stats().Calls)
	}
	w.Inject(simulator.Fault{Kind: simulator.APIError, Code: "UnsupportedRegion"})
	if _, err := w.client.Get(within(t, time.Minute), home, "pcc-one"); failed(t, err).Code != "UnsupportedRegion" {
		t.Errorf("Get: %v", err)
	}
}

// TestListsThatDoNotEnd: a NextToken that repeats, or never ends, is an error and not a loop. What was listed is returned.
func TestListsThatDoNotEnd(t *testing.T) {
	t.Parallel()
	for _, kind := range []simulator.Kind{simulator.SameToken, simulator.EndlessPages} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := crowded(t)
				w.Inject(simulator.Fault{Kind: kind, Action: "ListVpcPeerConnections"})
				got, err := pages(within(t, time.Hour), w.client)
				if f := failed(t, err); f.Code != "NoConfirmation" || !strings.Contains(f.Message, "does not end") {
					t.Errorf("got %v", f)
				}
				if n := w.Stats().Calls; n > 1_100 || len(slices.Concat(got...)) < 100 || twice(got) != nil {
					t.Errorf("%d calls, %d connections, %v twice", n, len(slices.Concat(got...)), twice(got))
				}
			})
		})
	}
}

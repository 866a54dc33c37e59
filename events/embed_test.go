package events

import (
	"encoding/json"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestCases checks that the corpus is whole: every outcome that a sample can lead to without waiting for a deadline is
// there, and the essential samples are.
func TestCases(t *testing.T) {
	t.Parallel()
	all, err := Cases()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 24 {
		t.Errorf("there are %d samples, want 24 at least", len(all))
	}
	seen := make(map[string]bool)
	for _, c := range all {
		for _, outcome := range c.Outcomes {
			seen[outcome] = true
		}
	}
	for _, outcome := range known {
		if outcome != "not_ready" && !seen[outcome] {
			t.Errorf("no sample leads to %s", outcome)
		}
	}
	if !slices.IsSortedFunc(all, func(a, b Case) int { return strings.Compare(a.File, b.File) }) {
		t.Error("samples are not in order")
	}
}

func TestCasesFail(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		files fstest.MapFS
		want  string
	}{
		"no file":         {fstest.MapFS{}, "there are none"},
		"only others":     {fstest.MapFS{"README.md": {}, "simulator/seed.json": {}}, "there are none"},
		"no outcome":      {fstest.MapFS{"create.json": {}}, "WHAT.OUTCOME.json"},
		"nothing":         {fstest.MapFS{".rejected.json": {}}, "WHAT.OUTCOME.json"},
		"unknown outcome": {fstest.MapFS{"create.refused.json": {}}, `"refused"`},
		"one unknown":     {fstest.MapFS{"array.rejected+accepted.json": {}}, `"accepted"`},
		"empty outcome":   {fstest.MapFS{"array.rejected+.json": {}}, `""`},
		"two dots":        {fstest.MapFS{"a.rejected.allowed.json": {}}, `"rejected.allowed"`},
		"a directory":     {fstest.MapFS{"create.rejected.json/x": {}}, "create.rejected.json"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, err := cases(tt.files)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("cases = %v, %v; want an error with %q", all, err, tt.want)
			}
		})
	}
}

func TestCasesRead(t *testing.T) {
	t.Parallel()
	all, err := cases(fstest.MapFS{"array.rejected+ignored.json": {Data: []byte("[]")}})
	if err != nil {
		t.Fatal(err)
	}
	c := all[0]
	if c.Name != "array" || c.File != "array.rejected+ignored.json" || string(c.Payload) != "[]" ||
		!slices.Equal(c.Outcomes, []string{"rejected", "ignored"}) {
		t.Errorf("cases = %+v", c)
	}
}

// item is as much of a connection as these tests look at.
type item struct {
	InstanceID        string `json:"InstanceId"`
	AcceptingRegionID string `json:"AcceptingRegionId"`
	AcceptingOwnerUID int64  `json:"AcceptingOwnerUid"`
	Status            string
}

func seedItems(t *testing.T) map[string]item {
	t.Helper()
	var world struct {
		Connections []item `json:"connections"`
	}
	seed, err := fs.ReadFile(World(), "seed.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(seed, &world); err != nil {
		t.Fatal(err)
	}
	items := make(map[string]item)
	for _, i := range world.Connections {
		if _, twice := items[i.InstanceID]; twice {
			t.Errorf("%s stands in the seed twice", i.InstanceID)
		}
		items[i.InstanceID] = i
	}
	return items
}

// announced gives the connections that samples with an outcome of the judge name, each with its sample.
func announced(t *testing.T) map[string]Case {
	t.Helper()
	all, err := Cases()
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]Case)
	for _, c := range all {
		text := string(c.Payload)
		if !strings.Contains(text, "CreateVpcPeerConnection") && !strings.Contains(text, "AcceptVpcPeerConnection") {
			continue
		}
		for _, id := range regexp.MustCompile(`pcc-lnk[a-z0-9]+`).FindAllString(text, -1) {
			if other, twice := names[id]; twice && other.File != c.File {
				t.Errorf("%s is announced by %s and by %s", id, other.File, c.File)
			}
			names[id] = c
		}
	}
	return names
}

// TestSeed checks that every sample has its own connection in the seed, and that the sweep finds some that no event
// announced.
func TestSeed(t *testing.T) {
	t.Parallel()
	items, names := seedItems(t), announced(t)
	for id, c := range names {
		if _, ok := items[id]; !ok {
			t.Errorf("%s names %s, which is not in the seed", c.File, id)
		}
	}
	silent := make(map[string]int)
	for id, i := range items {
		if _, ok := names[id]; !ok {
			silent[i.AcceptingRegionID+" "+i.Status]++
		}
	}
	for _, want := range []string{"cn-shanghai Accepting", "cn-hangzhou Accepting", "cn-hangzhou Activated"} {
		if silent[want] == 0 {
			t.Errorf("the seed has no %s connection that no event announces: %v", want, silent)
		}
	}
	if got := items[idOf(t, names, "create-still-creating")].Status; got != "Creating" {
		t.Errorf("the connection of create-still-creating is %s", got)
	}
}

// TestSweepStaysClean checks that what ends as failed stands where no sweep of the samples looks: it would fail too.
func TestSweepStaysClean(t *testing.T) {
	t.Parallel()
	items := seedItems(t)
	for id, c := range announced(t) {
		if region := items[id].AcceptingRegionID; slices.Contains(c.Outcomes, "failed") && region != "cn-beijing" {
			t.Errorf("%s is in %s", c.File, region)
		}
	}
}

func idOf(t *testing.T, names map[string]Case, name string) string {
	t.Helper()
	for id, c := range names {
		if c.Name == name {
			return id
		}
	}
	t.Fatalf("no sample %s announces a connection", name)
	return ""
}

package page

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"
)

// maxRows is how many connections the table lists, the most serious first. A browser sorts that many without a pause.
const maxRows = 5_000

// view is the input of the template. Its texts have been through plain.
type view struct {
	Title    string
	Style    any // template.CSS, which is not escaped
	Script   any // template.JS, which is not escaped
	Security string

	Mode, ModeLabel, ModeMeans string
	Subtitle                   string
	Generated                  string
	Stamp                      string // version and policy
	Notices                    []notice
	Figures                    []figure
	Pending                    []*requester
	PendingNote                string   // says that Pending is not complete; "" if it is
	Picture                    *picture // nil if there is nothing to draw
	Rows                       []row
	Outcomes                   []chip
	States                     []chip
	Judged                     string // the number of connections
	Listing                    string // says that the table is not complete; "" if it is
	Partitions                 []visit
	Folded                     []visit // partitions that only a reader who asks for them sees
	FoldedAs                   string
	Visited                    string // says how many partitions there were, listed or not
	Facts                      []fact
}

// chip filters the table by one value of a facet.
type chip struct{ Value, Label, Count string }

// fact is a line of the section about the sweep itself.
type fact struct{ Name, Value string }

func newView(r *guard.Report, meta Meta) *view {
	entries := sorted(r, meta)
	shown := entries[:min(len(entries), maxRows)]
	visits := visits(r.Partitions)
	judged := 0
	for _, n := range r.Counts {
		judged += n
	}
	v := &view{
		Title:     cmp.Or(bounded(meta.Title), "VPC peering sweep"),
		Style:     style,
		Script:    script,
		Security:  security,
		Mode:      bounded(string(r.Mode)),
		Subtitle:  subtitle(r, meta),
		Generated: instant(meta.Generated),
		Stamp:     stamp(r),
		Notices:   notices(r, visits),
		Figures:   figures(r),
		Picture:   draw(entries),
		Rows:      rows(shown),
		Outcomes:  outcomeChips(shown),
		States:    stateChips(shown),
		Judged:    thousands(judged),
		Listing:   listing(judged, len(shown)),
		Visited:   visited(r, judged),
	}
	v.Pending, v.PendingNote = pendingRequests(entries, meta.Generated)
	v.Partitions, v.Folded, v.FoldedAs = fold(visits)
	v.ModeLabel, v.ModeMeans = mode(r.Mode)
	v.Facts = facts(r, v)
	return v
}

func sorted(r *guard.Report, meta Meta) []guard.Entry {
	entries := meta.Entries
	if entries == nil {
		entries = r.Connections
	}
	return slices.SortedStableFunc(slices.Values(entries), bySeriousness)
}

func mode(m policy.Mode) (label, means string) {
	switch m {
	case policy.Enforce:
		return "Enforced", "pending requests that the policy rejects were rejected"
	case policy.DryRun:
		return "Dry run", "nothing was changed"
	}
	return bounded(string(m)), ""
}

// subtitle returns the account and the regions.
func subtitle(r *guard.Report, meta Meta) string {
	regions := meta.Regions
	if len(regions) == 0 {
		seen := map[string]bool{}
		for _, p := range r.Partitions {
			seen[p.Region] = true
		}
		regions = slices.Sorted(maps.Keys(seen))
	}
	account := ""
	if meta.Account != "" {
		account = "account " + bounded(meta.Account)
	}
	return joined(" · ", account, listed(regions, 6))
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// stamp names the version and the policy, whose digest is among the facts in full.
func stamp(r *guard.Report) string {
	version, digest := "", ""
	if r.Version != "" {
		version = "peerguard " + bounded(r.Version)
	}
	if r.Policy.Digest != "" {
		digest = "policy " + shorten(bounded(r.Policy.Digest), len("sha256:")+13)
	}
	return joined(" · ", version, digest)
}

// listing says how many of the judged connections the table lists, or "" if it lists all.
func listing(total, shown int) string {
	if total <= shown {
		return ""
	}
	return fmt.Sprintf("The table lists %s of %s, the most serious first. The counts above include all.",
		thousands(shown), count(total, "connection"))
}

func outcomeChips(entries []guard.Entry) []chip {
	n := map[guard.Outcome]int{}
	for i := range entries {
		n[entries[i].Outcome]++
	}
	var chips []chip
	for _, k := range kinds {
		if n[k.Outcome] > 0 {
			chips = append(chips, chip{string(k.Outcome), k.Label, thousands(n[k.Outcome])})
		}
	}
	return chips
}

func stateChips(entries []guard.Entry) []chip {
	n := map[string]int{}
	for i := range entries {
		n[stateOf(&entries[i])]++
	}
	var chips []chip
	for _, state := range []string{pending, connected, closed, unknown} {
		if n[state] > 0 {
			chips = append(chips, chip{state, state, thousands(n[state])})
		}
	}
	return chips
}

// facts identify the sweep and its policy, so that the page can be compared with a file and a log.
func facts(r *guard.Report, v *view) []fact {
	all := []fact{
		{"Mode", joined(": ", v.ModeLabel, v.ModeMeans)},
		{"Policy", bounded(r.Policy.Digest)},
	}
	for _, name := range slices.Sorted(maps.Keys(r.Policy.Files)) {
		all = append(all, fact{"File " + bounded(name), bounded(r.Policy.Files[name])})
	}
	if d := r.Directory; d != nil {
		all = append(all, fact{"Directory", fmt.Sprintf("%s with %d members, as of %s", bounded(d.ID), d.Members, instant(d.AsOf))})
	}
	complete := "yes"
	if !r.Complete {
		complete = "no: the sweep ran out of time, met more requesters than guard.max_requesters allows, or could not find out all accounts or regions"
	}
	all = append(all,
		fact{"Complete", complete},
		fact{"Trigger", joined(" ", bounded(string(r.Trigger)), bounded(r.TriggerID))},
		fact{"Request", bounded(r.RequestID)},
		fact{"Version", bounded(r.Version)},
		fact{"Written", v.Generated},
	)
	return slices.DeleteFunc(all, func(f fact) bool { return f.Value == "" })
}

// side is one side of a connection, as a table cell shows it.
type side struct{ Account, Region, VPC, CIDRs, Path string }

func newSide(s peering.Side) side {
	return side{
		Account: cmp.Or(bounded(string(s.Account)), "unknown"),
		Region:  bounded(s.Region),
		VPC:     bounded(s.VPC),
		CIDRs:   listed(s.CIDRs, maxCIDRs),
		Path:    bounded(string(s.Path)),
	}
}

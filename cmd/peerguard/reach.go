package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// reachChange is a change of what a policy can do at all: its mode, its directory, what it guards, its cap.
type reachChange struct {
	text  string
	opens bool // less is guarded, or nothing is rejected any more
}

// reach lists the changes of reach from one policy to another.
func reach(older, newer *policy.Policy) []reachChange {
	var r reachList
	r.compare("mode", string(older.Mode), string(newer.Mode), newer.Mode == policy.DryRun)
	was, is := pinned(older), pinned(newer)
	r.compare("directory.id", was.ID, is.ID, false)
	r.compare("directory.role", was.Role, is.Role, false)
	r.regions(older.Guard.Regions, newer.Guard.Regions)
	r.roles(older.Guard.Roles, newer.Guard.Roles)
	r.folders(&older.Guard, &newer.Guard)
	r.compare("guard.max_requesters", number(older.Guard.MaxRequesters), number(newer.Guard.MaxRequesters), false)
	return r
}

type reachList []reachChange

// compare adds a sentence if the value of a key has changed. An empty value is none.
func (r *reachList) compare(key, older, newer string, opens bool) {
	if older == newer {
		return
	}
	word := func(value string) string {
		if value == "" {
			return "not set"
		}
		return value
	}
	*r = append(*r, reachChange{fmt.Sprintf("%s was %s and is now %s", key, word(older), word(newer)), opens})
}

func pinned(p *policy.Policy) policy.Directory {
	if p.Directory == nil {
		return policy.Directory{}
	}
	return *p.Directory
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func (r *reachList) regions(older, newer []string) {
	word := func(regions []string) string {
		if regions == nil {
			return "all"
		}
		return "[" + strings.Join(slices.Sorted(slices.Values(regions)), ", ") + "]"
	}
	lost := func(region string) bool { return !slices.Contains(newer, region) }
	r.compare("guard.regions", word(older), word(newer), newer != nil && (older == nil || slices.ContainsFunc(older, lost)))
}

func (r *reachList) roles(older, newer map[peering.Account]peering.Role) {
	both := maps.Clone(older)
	if both == nil {
		both = map[peering.Account]peering.Role{}
	}
	maps.Copy(both, newer)
	for _, a := range slices.Sorted(maps.Keys(both)) {
		key := fmt.Sprintf("guard.accounts: the role of account %s", a)
		r.compare(key, older[a].ARN, newer[a].ARN, newer[a].ARN == "")
		r.externalID(key, older[a].ExternalID, newer[a].ExternalID)
	}
}

// externalID does not show an external id: its owner may treat it as a secret.
func (r *reachList) externalID(key, older, newer string) {
	word := func(id, other string) string {
		if id == "" {
			return ""
		}
		return other
	}
	if older != newer {
		r.compare(key+": its external_id", word(older, "one value"), word(newer, "another"), false)
	}
}

func (r *reachList) folders(older, newer *policy.Guard) {
	find := func(g *policy.Guard, id string) policy.GuardedFolder {
		i := slices.IndexFunc(g.Folders, func(f policy.GuardedFolder) bool { return f.Folder == id })
		if i < 0 {
			return policy.GuardedFolder{}
		}
		return g.Folders[i]
	}
	var ids []string
	for _, f := range slices.Concat(older.Folders, newer.Folders) {
		ids = append(ids, f.Folder)
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		was, is := find(older, id), find(newer, id)
		key := "guard.accounts: the role_name of folder " + id
		r.compare(key, was.RoleName, is.RoleName, is.RoleName == "")
		r.externalID(key, was.ExternalID, is.ExternalID)
		more := slices.ContainsFunc(is.Except, func(a peering.Account) bool { return !slices.Contains(was.Except, a) })
		r.compare("guard.accounts: the except of folder "+id, exceptions(was), exceptions(is), more && was.RoleName != "")
	}
}

func exceptions(f policy.GuardedFolder) string {
	if len(f.Except) == 0 {
		return ""
	}
	ids := make([]string, len(f.Except))
	for i, a := range f.Except {
		ids[i] = string(a)
	}
	slices.Sort(ids)
	return "[" + strings.Join(ids, ", ") + "]"
}

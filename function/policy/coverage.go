package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"peerguard/function/peering"
)

// Guards says in words what a sweep looks at, one line for each part.
func (p *Policy) Guards() []string {
	lines := []string{"the function's own account"}
	lines = append(lines, p.Guard.roles()...)
	for _, f := range p.Guard.Folders {
		lines = append(lines, f.inWords())
	}
	if p.Guard.Regions == nil {
		return append(lines, "in every region")
	}
	return append(lines, "in "+listed(few(p.Guard.Regions)))
}

// roles says which accounts are guarded through roles, those with the same name of the role together.
func (g *Guard) roles() []string {
	accounts := map[string][]string{}
	for _, a := range slices.Sorted(maps.Keys(g.Roles)) {
		_, name, _ := strings.Cut(g.Roles[a].ARN, "/")
		accounts[name] = append(accounts[name], string(a))
	}
	lines := make([]string, 0, len(accounts))
	for _, name := range slices.Sorted(maps.Keys(accounts)) {
		if ids := accounts[name]; len(ids) == 1 {
			lines = append(lines, fmt.Sprintf("account %s, through its role %s", ids[0], name))
		} else {
			lines = append(lines, fmt.Sprintf("%d accounts, %s, each through its role %s", len(ids), listed(few(ids)), name))
		}
	}
	return lines
}

func (f *GuardedFolder) inWords() string {
	what := "every member account in folder " + f.Folder + " or below"
	if strings.HasPrefix(f.Folder, "r-") {
		what = "every account of the resource directory, root folder " + f.Folder
	}
	what += ", each through its role " + f.RoleName
	if len(f.Except) == 0 {
		return what
	}
	except := make([]string, len(f.Except))
	for i, a := range f.Except {
		except[i] = string(a)
	}
	return what + ", except " + listed(few(except))
}

// few returns the first words of a long list, and how many others there are.
func few(words []string) []string {
	const most = 4
	if len(words) <= most+1 {
		return words
	}
	return append(slices.Clone(words[:most]), fmt.Sprintf("%d others", len(words)-most))
}

// Unguarded returns why no sweep looks at an accepter, as far as the policy can tell, or "" if a sweep does or may.
func (p *Policy) Unguarded(accepter *peering.Side) string {
	switch a := accepter.Account; {
	case a.Known() && !p.Guard.MayGuard(a, accepter.Path):
		return fmt.Sprintf("nobody guards account %s, unless it is the function's own account", a)
	case a.Known() && !p.Guard.MayGuard(a, orOutside(accepter.Path)):
		return fmt.Sprintf("nobody guards account %s, unless it is the function's own account, or a member of %s", a, strings.Join(few(p.Guard.foldersOf(a)), " or "))
	case accepter.Region != "" && !p.Guard.sweeps(accepter.Region):
		return fmt.Sprintf("no sweep looks at region %s: guard.regions does not list it", accepter.Region)
	}
	return ""
}

func orOutside(p peering.Path) peering.Path {
	if p.Known() {
		return p
	}
	return peering.Outside
}

// sweeps reports whether a sweep looks at a region.
func (g *Guard) sweeps(region string) bool {
	return g.Regions == nil || slices.Contains(g.Regions, region)
}

// Role returns the role through which an account is guarded, given where it is; false if it is guarded through none. An account
// that is named has a role of its own. Else the folder counts that is nearest to the account. Role does not know the function's
// own account, which is guarded without one.
func (g *Guard) Role(a peering.Account, path peering.Path) (role peering.Role, ok bool) {
	if role, ok := g.Roles[a]; ok {
		return role, true
	}
	for id := range path.Folders() {
		for _, f := range g.Folders {
			if f.Folder == id && !slices.Contains(f.Except, a) {
				role, ok = peering.Role{ARN: "acs:ram::" + string(a) + ":role/" + f.RoleName, ExternalID: f.ExternalID}, true
			}
		}
	}
	return role, ok
}

// MayGuard reports whether an account is guarded, or may be because nobody knows where it is. It does not know the
// function's own account.
func (g *Guard) MayGuard(a peering.Account, path peering.Path) bool {
	_, named := g.Roles[a]
	return named || slices.ContainsFunc(g.foldersOf(a), func(folder string) bool { return !path.Known() || path.In(folder) })
}

// foldersOf returns the guarded folders that do not leave an account out.
func (g *Guard) foldersOf(a peering.Account) (folders []string) {
	for _, f := range g.Folders {
		if !slices.Contains(f.Except, a) {
			folders = append(folders, f.Folder)
		}
	}
	return folders
}

// warnUnguarded warns about the accepters and regions of allow rules at which no sweep looks. If only the function's own
// account is guarded, and the rules name a single accepter, they mean that account.
func (l *loader) warnUnguarded(allow *yaml.Node) {
	g := &l.policy.Guard
	var strangers []*yaml.Node
	ids := map[string]bool{}
	for n := range elements(allow, "accepter_accounts") {
		if !g.MayGuard(peering.Account(n.Value), "") {
			strangers, ids[n.Value] = append(strangers, n), true
		}
	}
	if len(ids) > 1 || len(g.Roles)+len(g.Folders) > 0 {
		for _, n := range strangers {
			l.warn(l.position(n), AccepterUnguarded, "account %s is not guarded, unless it is the function's own: guard.accounts does not have it", n.Value)
		}
	}
	for n := range elements(allow, "accepter_regions") {
		if !g.sweeps(n.Value) {
			l.warn(l.position(n), RegionUnguarded, "region %s is not guarded: guard.regions does not list it", n.Value)
		}
	}
}

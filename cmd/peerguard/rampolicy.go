package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"peerguard/function/policy"
)

// ramPolicyCommand prints the preventive layer that belongs to a policy.
type ramPolicyCommand struct {
	Policy string `arg:"" optional:"" default:"policy.yaml" help:"The policy file; default: policy.yaml."`
	At     clock  `placeholder:"TIME" help:"Leave out the rules that have expired on this day or instant, such as 2026-11-01; default: now."`
}

// Help is the long text of --help.
func (*ramPolicyCommand) Help() string {
	return "peerguard rejects what others send. The policy that this command prints stops your own users: it denies vpc:CreateVpcPeerConnection and " +
		"vpc:AcceptVpcPeerConnection when the other account is not in the folders that the allow rules name, or is in one that a reject rule names. " +
		"Attach it as a control policy to folders of the resource directory, or as a RAM policy to users and roles. It grants nothing, and it has no dry run: what it denies is denied at once.\n\n" +
		"RAM knows only in which directory and folders the other account is. What else the rules say is listed on stderr. Where a rule narrows a folder further, the printed policy allows more than the rule; " +
		"where a rule names accounts or connections in place of folders, it allows less.\n\n" +
		"Example:\n\n" +
		"  go tool peerguard ram-policy policy.yaml >control-policy.json"
}

// ramPolicyVersion is the version of the language of RAM policies.
const ramPolicyVersion = "1"

// controlPolicySize is how many characters a control policy may have. A RAM policy may have 6,144.
// https://www.alibabacloud.com/help/en/resource-management/product-overview/limits
const controlPolicySize = 4096

// ramDocument is a RAM policy or a control policy.
type ramDocument struct {
	Version   string
	Statement []statement
}

// Run prints the policy, and on stderr what it does not say.
func (r *ramPolicyCommand) Run(out *console) error {
	rules, err := newPolicyFile(r.Policy).load()
	if err != nil {
		return out.refuse(err)
	}
	t := newTranslation(rules, r.At.now())
	if len(t.document.Statement) == 0 {
		return fmt.Errorf("%s has no folder rule that a RAM policy can express: it needs allow rules with requester_folders or accepter_folders", r.Policy)
	}
	for _, note := range t.notes {
		out.note("%s", note)
	}
	return out.printJSON(t.document)
}

// translation is a policy in the language of RAM, as far as it goes.
type translation struct {
	document ramDocument
	notes    []string // what the document does not say

	accept, create peers

	without, partners []string // allow rules without folders, and with accepter_folders alone
}

// peers says in which folders the other account of a connection may be when somebody calls an action.
type peers struct {
	action       string
	may, mustNot []string
}

func newTranslation(rules *policy.Policy, at time.Time) *translation {
	t := &translation{
		document: ramDocument{Version: ramPolicyVersion},
		accept:   peers{action: "vpc:AcceptVpcPeerConnection"},
		create:   peers{action: "vpc:CreateVpcPeerConnection"},
	}
	list := rules.Rules()
	for i := range list {
		switch r := &list[i]; {
		case r.Expired(at):
			t.note("rule %s expired on %s: it is left out", r.Name, r.Until)
		case r.Verdict == policy.Allow:
			t.allow(r)
		default:
			t.reject(r)
		}
	}
	if rules.Directory != nil {
		t.write(rules.Directory.ID)
	}
	return t
}

func (t *translation) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

// wholeDirectory is the folder of a rule that names none. Each root folder is the whole directory.
const wholeDirectory = "r-"

// allow adds the folders of an allow rule.
func (t *translation) allow(r *policy.Rule) {
	requester, accepter := len(r.RequesterFolders) > 0, len(r.AccepterFolders) > 0
	switch {
	case !requester && !accepter:
		t.without = append(t.without, r.Name)
		return
	case !requester:
		t.partners = append(t.partners, r.Name)
	case !accepter:
		t.create.may = append(t.create.may, wholeDirectory)
	default:
		t.note("rule %s is wider here: a statement looks only at the folders of the other account, so every account with this policy may accept from %s and create to %s",
			r.Name, anyOf(r.RequesterFolders), anyOf(r.AccepterFolders))
	}
	t.create.may = append(t.create.may, r.AccepterFolders...)
	t.accept.may = append(t.accept.may, r.RequesterFolders...)
	if keys := narrowing(r); len(keys) > 0 {
		t.note("rule %s is wider here: %s cannot be expressed", r.Name, strings.Join(keys, ", "))
	}
}

// reject adds the folders of a reject rule, if it has no other key. A denial that leaves out a key would deny too much.
func (t *translation) reject(r *policy.Rule) {
	requester, accepter := len(r.RequesterFolders) > 0, len(r.AccepterFolders) > 0
	if requester == accepter || len(narrowing(r)) > 0 {
		t.note("reject rule %s is left out: only one with requester_folders alone, or with accepter_folders alone, can be expressed", r.Name)
		return
	}
	t.accept.mustNot = append(t.accept.mustNot, r.RequesterFolders...)
	t.create.mustNot = append(t.create.mustNot, r.AccepterFolders...)
}

// narrowing returns the keys of a rule, other than its folders, that say what it matches.
func narrowing(r *policy.Rule) []string {
	var keys []string
	for _, k := range []struct {
		name  string
		given bool
	}{
		{"accounts", len(r.Accounts) > 0 && !slices.Contains(r.Accounts, "*")},
		{"accounts_from", r.AccountsFrom != ""},
		{"connections", len(r.Connections) > 0},
		{"requester_regions", len(r.RequesterRegions) > 0},
		{"requester_vpcs", len(r.RequesterVPCs) > 0},
		{"requester_cidrs", len(r.RequesterCIDRs) > 0},
		{"accepter_accounts", len(r.AccepterAccounts) > 0},
		{"accepter_regions", len(r.AccepterRegions) > 0},
		{"accepter_vpcs", len(r.AccepterVPCs) > 0},
		{"until", r.Until != ""},
	} {
		if k.given {
			keys = append(keys, k.name)
		}
	}
	return keys
}

// write turns the folders into statements about a directory.
func (t *translation) write(directory string) {
	for _, p := range []*peers{&t.create, &t.accept} {
		t.deny(p.action, "Not", p.may, directory)
	}
	for _, p := range []*peers{&t.create, &t.accept} {
		t.deny(p.action, "", p.mustNot, directory)
	}
	if len(t.document.Statement) > 0 {
		t.caveats()
	}
}

// deny adds a statement that denies an action when the other account is in one of the folders, or, with not, when it is
// in none of them. Two actions with the same condition share a statement.
func (t *translation) deny(action, not string, folders []string, directory string) {
	if len(folders) == 0 {
		return
	}
	condition := map[string]map[string][]string{"String" + not + "Like": {"acs:TargetRDPath": patterns(folders, directory)}}
	if whole(folders) {
		condition = map[string]map[string][]string{"String" + not + "Equals": {"acs:TargetRDId": {directory}}}
	}
	for i := range t.document.Statement {
		if s := &t.document.Statement[i]; reflect.DeepEqual(s.Condition, condition) {
			s.Action = append(s.Action, action)
			return
		}
	}
	t.document.Statement = append(t.document.Statement, statement{"Deny", []string{action}, []string{"*"}, condition})
}

// whole reports whether the folders are all of the directory.
func whole(folders []string) bool {
	return slices.ContainsFunc(folders, func(id string) bool { return strings.HasPrefix(id, wholeDirectory) })
}

// patterns returns the paths of all accounts in the folders or below, at whatever depth the folders are.
func patterns(folders []string, directory string) []string {
	paths := make([]string, len(folders))
	for i, folder := range folders {
		paths[i] = directory + "/*/" + folder + "/*"
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// caveats notes what holds for the document as a whole.
func (t *translation) caveats() {
	if len(t.create.may) > 0 {
		for _, name := range t.without {
			t.note("rule %s names no folders: what it allows is denied here, unless a rule with folders allows it as well", name)
		}
	}
	for _, name := range t.partners {
		if len(t.accept.may) > 0 {
			t.note("rule %s has no requester_folders: accepting from its requesters is denied here, unless those of another rule have them", name)
		}
	}
	if len(t.accept.may) == 0 {
		t.note("no allow rule has requester_folders: nothing here restricts from which accounts somebody accepts, except for reject rules")
	}
	if len(t.create.mustNot) > 0 || len(t.create.may) > 0 && !whole(t.create.may) {
		t.note("RAM does not tell a connection within one account from others: users of an account that is in a denied folder can no longer connect its own VPCs")
	}
	t.note("no document says what RAM decides when the other account is in no directory, or is the management account: try both before you rely on it")
	if n := t.document.size(); n > controlPolicySize {
		t.note("the policy has %d characters, and a control policy may have %d: name a folder higher up, or attach it as RAM policies", n, controlPolicySize)
	}
}

// size returns the number of characters of the document without blanks.
func (d *ramDocument) size() int {
	size := 0
	for _, s := range d.Statement {
		size += len(s.String()) + len(",")
	}
	return size + len(`{"Version":"1","Statement":[]}`) - len(",")
}

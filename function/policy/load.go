package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"peerguard/function/peering"
)

// Load reads the policy file name and the files that it names, which must be in its folder or below.
// If any of them has a mistake, Load returns no policy, and an [Errors] with every mistake in all of them.
func Load(fsys fs.FS, name string) (*Policy, error) {
	return parse(name, func(file string) ([]byte, error) {
		data, _, _, err := readFile(fsys, file)
		return data, err
	})
}

// Parse reads the text of a policy that names no other files. An error is an [Errors], as if the text were in policy.yaml.
func Parse(text string) (*Policy, error) {
	const only = "policy.yaml"
	return parse(only, func(file string) ([]byte, error) {
		if file != only {
			return nil, fs.ErrNotExist
		}
		return []byte(text), nil
	})
}

// loader turns the nodes of a policy file into a policy.
type loader struct {
	decoder
	read   reader
	policy *Policy
	names  []*yaml.Node       // of the rules
	folder *yaml.Node         // the first that the file names, in the order of decoding; nil if it names none
	lists  map[string][]entry // accounts, by the path of their file
	others Errors             // mistakes in those files
}

func parse(name string, read reader) (*Policy, error) {
	l := loader{
		read:   read,
		policy: &Policy{name: name, texts: map[string]*document{}},
		lists:  map[string][]entry{},
	}
	if l.open(name, read) {
		l.decodePolicy()
	}
	if errs := slices.Concat(l.errs, l.others); len(errs) > 0 {
		errs.sort(name)
		return nil, errs
	}
	l.policy.warnings = l.warnings
	l.policy.buildIndex()
	return l.policy, nil
}

// open reads the decoder's file, and reports whether that worked.
func (d *decoder) open(name string, read reader) bool {
	data, err := read(name)
	d.doc = newDocument(name, data)
	if err != nil {
		d.doc = newDocument(name, nil)
		d.at(1, 1, "reading %s: %v", path.Base(name), err)
		d.errs[0].cause = err
	}
	return err == nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func (l *loader) decodePolicy() {
	l.policy.Digest = digest(l.doc.data)
	l.policy.texts[l.doc.name] = l.doc
	root := l.root()
	if root == nil {
		return
	}
	var reject, allow *yaml.Node
	given := l.mapping(root, "a policy", []field{
		{"version", "write version: 1", l.version},
		{"mode", "write mode: dry-run or mode: enforce", l.mode},
		{"directory", "", l.directory},
		{"guard", "", l.guard},
		{"reject", "", func(n *yaml.Node) { reject = n }},
		{"allow", "to allow nobody, write allow: []", func(n *yaml.Node) { allow = n }},
	})
	l.rules(reject, allow)
	l.needDirectory(root, given)
	l.warnUnguarded(allow)
}

func (d *decoder) version(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!int" && n.Value == "1" {
		return
	}
	if n.Kind == yaml.ScalarNode && n.Value == "1" {
		d.bad(n, "version must be the number 1, without quotes")
		return
	}
	d.bad(n, "version must be the number 1")
}

func (l *loader) mode(n *yaml.Node) {
	word, ok := l.scalar(n, "mode")
	if !ok {
		return
	}
	l.policy.Mode = Mode(word)
	if m := l.policy.Mode; m != DryRun && m != Enforce {
		l.bad(n, "mode must be dry-run or enforce, not %q%s", word, suggestion(word, string(DryRun), string(Enforce)))
	}
}

func (l *loader) guard(n *yaml.Node) {
	l.mapping(n, "guard", []field{
		{"regions", "", l.guardRegions},
		{"accounts", "", l.guardAccounts},
		{"max_requesters", "", l.maxRequesters},
	})
}

func (l *loader) guardRegions(n *yaml.Node) {
	const every = "to guard every region, write regions: all"
	switch {
	case null(n), n.Kind == yaml.SequenceNode && len(n.Content) == 0:
		l.bad(n, "regions is empty: %s", every)
		return
	case n.Kind == yaml.ScalarNode && n.Value == "all":
		return
	case n.Kind == yaml.ScalarNode:
		l.bad(n, "regions must be a list, as in regions: [%s]; %s", quoted(n), every)
		return
	}
	seen := map[string]bool{}
	for _, r := range l.regions(n, "regions") {
		if !seen[r] {
			seen[r] = true
			l.policy.Guard.Regions = append(l.policy.Guard.Regions, r)
		}
	}
}

func (l *loader) guardAccounts(n *yaml.Node) {
	l.policy.Guard.Roles = map[peering.Account]peering.Role{}
	l.list(n, "accounts", "to guard only the function's own account, leave the key out", l.guardAccount)
}

func (l *loader) guardAccount(n *yaml.Node) {
	var account peering.Account
	var role peering.Role
	var folder GuardedFolder
	given := l.mapping(n, "an account of guard", []field{
		{"role", "", func(n *yaml.Node) { account, role.ARN = l.role(n) }},
		{"folder", "", func(n *yaml.Node) { folder.Folder = l.guardFolder(n) }},
		{"role_name", "", func(n *yaml.Node) { folder.RoleName = l.checked(n, "role_name", checkRoleName) }},
		{"external_id", "", func(n *yaml.Node) { role.ExternalID = l.externalID(n) }},
		{"except", "", func(n *yaml.Node) { folder.Except = l.except(n) }},
	})
	if given != nil {
		l.roleOrFolder(n, given)
	}
	if account.Known() {
		l.policy.Guard.Roles[account] = role
	}
	if folder.Folder != "" {
		folder.ExternalID = role.ExternalID
		l.policy.Guard.Folders = append(l.policy.Guard.Folders, folder)
	}
}

// role returns a role's ARN and its account. The account is unknown if the role is not valid, or the account has one already.
func (l *loader) role(n *yaml.Node) (peering.Account, string) {
	arn, ok := l.text(n, "role")
	if !ok {
		return "", ""
	}
	account, ok := roleAccount(arn)
	if !ok {
		l.bad(n, "%s", badRole(arn))
		return "", ""
	}
	if _, ok := l.policy.Guard.Roles[account]; ok {
		l.bad(n, "account %s already has a role", account)
		return "", ""
	}
	l.doubtID(string(account), l.position(n))
	return account, arn
}

// externalID returns an external id as STS takes it (https://www.alibabacloud.com/help/en/ram/api-assumerole). Messages do
// not quote it: its owner may treat it as a secret.
func (l *loader) externalID(n *yaml.Node) string {
	const characters, least, most = peering.Letters + peering.Digits + "_+=,.@:/-", 2, 1224
	switch {
	case n.Kind != yaml.ScalarNode:
		l.bad(n, "external_id must be text, not %s", kind(n))
	case null(n) || n.Value == "":
		l.bad(n, "external_id is empty")
	case n.Tag != "!!str" && n.Tag != "!!timestamp":
		l.bad(n, "external_id must be text: put it in quotes")
	case len(n.Value) < least || !peering.MadeOf(characters, n.Value, most):
		l.bad(n, "bad external_id: it is %d to %d letters, digits and characters of _+=,.@:/-", least, most)
	default:
		return n.Value
	}
	return ""
}

// A role's name is 64 of these at most.
const (
	nameCharacters = peering.Letters + peering.Digits + "._-"
	nameLength     = 64
)

// roleAccount returns the account of a role's ARN, and whether it is one.
func roleAccount(arn string) (a peering.Account, ok bool) {
	rest, ram := strings.CutPrefix(arn, "acs:ram::")
	id, name, role := strings.Cut(rest, ":role/")
	return peering.Account(id), ram && role && peering.ValidAccount(id) && validRoleName(name)
}

func validRoleName(name string) bool { return peering.MadeOf(nameCharacters, name, nameLength) }

func badRole(arn string) string {
	return fmt.Sprintf("bad role %q: a role looks like acs:ram::<account id>:role/<name>", arn)
}

func (l *loader) maxRequesters(n *yaml.Node) {
	switch count, err := strconv.Atoi(n.Value); {
	case kind(n) != "a number":
		l.bad(n, "max_requesters must be a whole number, not %s", kind(n))
	case n.Value == "0":
		l.bad(n, "max_requesters must be 1 or more: to reject nothing, write mode: dry-run")
	case err != nil || strconv.Itoa(count) != n.Value || count < 1:
		l.bad(n, "max_requesters must be a whole number, 1 or more, in plain digits, not %s", n.Value)
	default:
		l.policy.Guard.MaxRequesters = count
	}
}

package policy

import (
	"fmt"

	"go.yaml.in/yaml/v4"

	"peerguard/function/peering"
)

// NamesFolders reports whether a rule looks at folders, so that a verdict can hang on where an account is in the resource
// directory.
func (p *Policy) NamesFolders() bool { return p.folders }

func (l *loader) directory(n *yaml.Node) {
	d := &Directory{}
	l.mapping(n, "directory", []field{
		{"id", "write the id of your resource directory, rd-…", func(n *yaml.Node) { d.ID = l.checked(n, "id", checkDirectory) }},
		{"role", "", func(n *yaml.Node) { d.Role = l.directoryRole(n) }},
	})
	l.policy.Directory = d
}

func (l *loader) directoryRole(n *yaml.Node) string {
	return l.checked(n, "role", func(arn string) string {
		if _, ok := roleAccount(arn); !ok {
			return badRole(arn)
		}
		return ""
	})
}

// needDirectory reports a policy that names folders, but not the directory that they belong to.
func (l *loader) needDirectory(root *yaml.Node, given keys) {
	if _, ok := given["directory"]; !ok && l.folder != nil {
		l.bad(root, `a policy that names folders, as on line %d, needs the key "directory": write directory: {id: rd-…}`, l.folder.Line)
	}
}

// folders returns the valid ids of a list of folders of a rule.
func (l *loader) folders(n *yaml.Node, key string) []string {
	l.noteFolder(n)
	folders := l.words(n, key, checkFolder)
	l.policy.folders = true
	return folders
}

// guardFolder returns the folder of an account of guard, or "" if it is not valid, or listed already.
func (l *loader) guardFolder(n *yaml.Node) string {
	l.noteFolder(n)
	id := l.checked(n, "folder", checkFolder)
	for _, f := range l.policy.Guard.Folders {
		if id == f.Folder {
			l.bad(n, "folder %s already has a role_name", id)
			return ""
		}
	}
	return id
}

// noteFolder remembers the first place of the file that names folders.
func (l *loader) noteFolder(n *yaml.Node) {
	if l.folder == nil || n.Line < l.folder.Line {
		l.folder = n
	}
}

// except returns the accounts of a guarded folder that are not guarded.
func (l *loader) except(n *yaml.Node) (accounts []peering.Account) {
	l.list(n, "except", leaveOut, func(n *yaml.Node) {
		if id := l.accountID(n); id.Known() {
			accounts = append(accounts, id)
		}
	})
	return accounts
}

// roleOrFolder reports an account of guard that does not have either the role of one account, or a folder and the name of the
// role in each of its accounts.
func (l *loader) roleOrFolder(n *yaml.Node, given keys) {
	has := func(k string) bool { _, ok := given[k]; return ok }
	switch {
	case has("role") && has("folder"):
		l.bad(n, "an account of guard has either a role or a folder: make two list elements of them")
	case has("role") && (has("role_name") || has("except")):
		l.bad(n, "role_name and except go with folder, not with role: a role is that of one account")
	case has("folder") && !has("role_name"):
		l.bad(n, `an account of guard with a folder needs the key "role_name": peerguard assumes the role of this name in each account`)
	case !has("role") && !has("folder"):
		l.bad(n, `an account of guard needs the key "role" or "folder": write the role that peerguard assumes to guard its account, or a folder of accounts`)
	}
}

func checkDirectory(text string) string {
	if peering.ValidDirectory(text) {
		return ""
	}
	return fmt.Sprintf("bad directory id %q: a resource directory's id looks like rd-3G0000", text)
}

func checkFolder(text string) string {
	if peering.ValidFolder(text) {
		return ""
	}
	return fmt.Sprintf("bad folder %q: a folder looks like fd-AAAAAAAAAA, and the root folder, which is the whole directory, like r-AAAAAA", text)
}

func checkPath(text string) string {
	if peering.ValidPath(text) || text == string(peering.Outside) {
		return ""
	}
	return fmt.Sprintf("bad path %q: a path looks like rd-3G0000/r-AAAAAA/fd-AAAAAAAAAA, and that of an account outside the directory is none", text)
}

func checkConnection(text string) string {
	if peering.ValidID(text) {
		return ""
	}
	return fmt.Sprintf("bad connection %q: a connection's instance id looks like pcc-lnk0m24khwvtkm0001", text)
}

func checkRoleName(text string) string {
	if validRoleName(text) {
		return ""
	}
	return fmt.Sprintf("bad role_name %q: it is the name alone, such as peerguard: at most %d letters, digits, dots, hyphens and underscores", text, nameLength)
}

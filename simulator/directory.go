package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"peerguard/function/peering"
)

// Directory is a resource directory: the management account, folders, and the member accounts in them.
type Directory struct {
	ID         string          `json:"id"`   // rd-…
	Root       string          `json:"root"` // the root folder, r-…
	Management peering.Account `json:"management"`
	Members    []Member        `json:"members"`
	// Administrators are the members that may list the others. If nil, every member may.
	Administrators []peering.Account `json:"administrators,omitempty"`
}

// Member is a member account.
type Member struct {
	Account peering.Account `json:"account"`
	Path    string          `json:"path"` // its folders, rd-…/r-…/fd-…; the account's id may follow
}

// SetDirectory makes this the directory that there is. There is none before.
func (c *Cloud) SetDirectory(d Directory) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d.Members, d.Administrators = slices.Clone(d.Members), slices.Clone(d.Administrators)
	c.directory = &d
}

// PutMember lets an account join the directory, or moves it to another folder. There must be a directory.
func (c *Cloud) PutMember(m Member) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := c.directory.position(m.Account); i >= 0 {
		c.directory.Members[i] = m
		return
	}
	c.directory.Members = append(c.directory.Members, m)
}

// RemoveMember lets an account leave the directory. It ignores one that is not a member.
func (c *Cloud) RemoveMember(a peering.Account) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.directory.Members = slices.DeleteFunc(c.directory.Members, func(m Member) bool { return m.Account == a })
}

// valid returns what is wrong with a directory of a seed, or nil.
func (d *Directory) valid() error {
	if d == nil {
		return nil
	}
	root := d.ID + "/" + d.Root
	switch {
	case !peering.ValidPath(root):
		return fmt.Errorf("%q is not the id of a directory (rd-…) and its root folder (r-…)", root)
	case !peering.ValidAccount(string(d.Management)):
		return fmt.Errorf("management: %q is not an account id", d.Management)
	}
	for i, m := range d.Members {
		switch path := m.folders(); {
		case !peering.ValidAccount(string(m.Account)):
			return fmt.Errorf("members[%d]: %q is not an account id", i, m.Account)
		case d.position(m.Account) != i:
			return fmt.Errorf("members[%d]: account %s is already members[%d]", i, m.Account, d.position(m.Account))
		case !peering.ValidPath(path), !strings.HasPrefix(path+"/", root+"/"):
			return fmt.Errorf("members[%d]: %q is not a path below %s", i, m.Path, root)
		}
	}
	return nil
}

// position returns where an account is in the list of members, or -1.
func (d *Directory) position(a peering.Account) int {
	return slices.IndexFunc(d.Members, func(m Member) bool { return m.Account == a })
}

// reader returns why an account may not list the members, or nil. The documents name the code for an account that is not
// the management account, and say that delegated administrators may list. They do not say what a plain member gets.
func (d *Directory) reader(a peering.Account) *apiError {
	if d != nil && (a == d.Management || d.position(a) >= 0 && (d.Administrators == nil || slices.Contains(d.Administrators, a))) {
		return nil
	}
	return &apiError{status: http.StatusNotFound, code: "EntityNotExists.ResourceDirectory", message: "The resource directory for the account is not enabled."}
}

// accountItem is a member as the API shows it.
type accountItem struct {
	AccountID             string `json:"AccountId"`
	DisplayName           string `json:"DisplayName"`
	FolderID              string `json:"FolderId"`
	JoinMethod            string `json:"JoinMethod"`
	ResourceDirectoryID   string `json:"ResourceDirectoryId"`
	ResourceDirectoryPath string `json:"ResourceDirectoryPath"`
	Status                string `json:"Status"`
	Type                  string `json:"Type"`
}

// item returns the i-th member as the API shows it.
func (d *Directory) item(i int) accountItem {
	m := d.Members[i]
	path := m.folders()
	return accountItem{
		AccountID: string(m.Account), DisplayName: "member " + string(m.Account), JoinMethod: "created", Type: "ResourceAccount", Status: "CreateSuccess",
		FolderID: path[strings.LastIndexByte(path, '/')+1:], ResourceDirectoryID: d.ID, ResourceDirectoryPath: path + "/" + string(m.Account),
	}
}

// folders returns the path without the account's id.
func (m Member) folders() string { return strings.TrimSuffix(m.Path, "/"+string(m.Account)) }

type directoryAnswer struct {
	RequestID         string        `json:"RequestId"`
	ResourceDirectory directoryItem `json:"ResourceDirectory"`
}

type directoryItem struct {
	ResourceDirectoryID string `json:"ResourceDirectoryId"`
	RootFolderID        string `json:"RootFolderId"`
	MasterAccountID     string `json:"MasterAccountId"`
	MasterAccountName   string `json:"MasterAccountName"`
}

func (c *Cloud) getResourceDirectory(cl *call) answer {
	cl.wait(c.Latency)
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.directory
	if d == nil || cl.Account != d.Management && d.position(cl.Account) < 0 {
		return (&apiError{status: http.StatusNotFound, code: "ResourceDirectoryNotInUse", message: "The account is in no resource directory."}).answer(cl)
	}
	return done(directoryAnswer{cl.RequestID, directoryItem{d.ID, d.Root, string(d.Management), "management"}})
}

type accountAnswer struct {
	RequestID string      `json:"RequestId"`
	Account   accountItem `json:"Account"`
}

func (c *Cloud) getAccount(cl *call) answer {
	cl.wait(c.Latency)
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.directory
	if err := d.reader(cl.Account); err != nil {
		return err.answer(cl)
	}
	i := d.position(peering.Account(cl.params.get("AccountId")))
	if i < 0 {
		return (&apiError{status: http.StatusNotFound, code: "EntityNotExists.Account", message: "The account does not exist in the resource directory."}).answer(cl)
	}
	return done(accountAnswer{cl.RequestID, d.item(i)})
}

// accountPage is the answer of ListAccounts.
type accountPage struct {
	RequestID  string      `json:"RequestId"`
	TotalCount int         `json:"TotalCount"`
	PageNumber int         `json:"PageNumber"`
	PageSize   int         `json:"PageSize"`
	Accounts   accountList `json:"Accounts"`
}

type accountList struct {
	Account []accountItem `json:"Account"`
}

func (c *Cloud) listAccounts(cl *call) answer {
	cl.wait(c.Latency)
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.directory
	if err := d.reader(cl.Account); err != nil {
		return err.answer(cl)
	}
	p := accountPage{
		RequestID: cl.RequestID, TotalCount: len(d.Members), Accounts: accountList{[]accountItem{}},
		PageNumber: cl.params.number("PageNumber", 1), PageSize: cl.params.number("PageSize", 10),
	}
	if cl.paging == moving {
		p.TotalCount += p.PageNumber - 1
	}
	first, end := cl.paging.span(p.PageNumber, p.PageSize)
	for i := min(first, len(d.Members)); i < min(end, len(d.Members)); i++ {
		p.Accounts.Account = append(p.Accounts.Account, d.item(i))
	}
	return done(p)
}

// span returns which members are on a numbered page: from first up to, but without, end.
func (p paging) span(number, size int) (first, end int) {
	first = (number - 1) * size
	switch {
	case p == circling, p == endless:
		return 0, size
	case p == overlapping && first > 0:
		return first - 1, first + size - 1
	case p == ending:
		return first, first + size/2
	}
	return first, first + size
}

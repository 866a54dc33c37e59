package directory

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"peerguard/function/acs"
	"peerguard/function/peering"
)

type directoryAnswer struct {
	acs.Confirmation
	ResourceDirectory struct {
		ResourceDirectoryId acs.Text
		RootFolderId        acs.Text
		MasterAccountId     acs.Text
	}
}

// reading returns a Reading without members, and whether the answer says all that it needs.
func (a *directoryAnswer) reading() (*peering.Reading, bool) {
	said := &a.ResourceDirectory
	r := &peering.Reading{ID: string(said.ResourceDirectoryId), Root: string(said.RootFolderId), Management: said.MasterAccountId.Account()}
	return r, peering.ValidPath(string(r.RootPath())) && r.Management.Known()
}

type accountsAnswer struct {
	acs.Confirmation
	TotalCount acs.Text
	Accounts   struct{ Account []accountItem }
}

type accountAnswer struct {
	acs.Confirmation
	Account accountItem
}

// accountItem is a member as the API writes it.
type accountItem struct {
	AccountId             acs.Text
	ResourceDirectoryPath acs.Text // rd-…/r-…/fd-…/<account>
}

// page is a page of the list of all members.
type page struct {
	total   int // of the whole list
	members []member
}

type member struct {
	account peering.Account
	path    peering.Path
}

// page returns the page, and whether it says all that it must.
func (a *accountsAnswer) page(root peering.Path) (page, bool) {
	total, err := strconv.Atoi(string(a.TotalCount))
	p := page{total, make([]member, len(a.Accounts.Account))}
	ok := err == nil && total >= 0
	for i := range p.members {
		var one bool
		p.members[i], one = a.Accounts.Account[i].member(root)
		ok = ok && one
	}
	return p, ok
}

// member returns the account and its folders, and whether they are of the directory with that root.
func (i *accountItem) member(root peering.Path) (member, bool) {
	account := i.AccountId.Account()
	path, ok := strings.CutSuffix(string(i.ResourceDirectoryPath), "/"+string(account))
	below := strings.HasPrefix(path+"/", string(root)+"/")
	return member{account, peering.Path(path)}, ok && account.Known() && below && peering.ValidPath(path)
}

type regionsAnswer struct {
	acs.Confirmation
	Regions regionList
}

// regionList is a list that the documents show both as it is and below a key of its own.
type regionList []regionItem

type regionItem struct{ RegionId acs.Text }

// UnmarshalJSON reads both forms.
func (l *regionList) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(raw, []byte("[")) {
		return json.Unmarshal(raw, (*[]regionItem)(l))
	}
	var below struct{ Region []regionItem }
	err := json.Unmarshal(raw, &below)
	*l = below.Region
	return err
}

// ids returns the regions' ids, sorted, each once, and whether they are ids of regions. There is always one.
func (l regionList) ids() ([]string, bool) {
	ids, ok := make([]string, len(l)), len(l) > 0
	for i := range l {
		ids[i] = string(l[i].RegionId)
		ok = ok && peering.ValidRegion(ids[i])
	}
	slices.Sort(ids)
	return slices.Compact(ids), ok
}

package simulator_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/resourcemanager"
	"github.com/google/go-cmp/cmp"

	"peerguard/function/peering"
	"peerguard/simulator"
)

const (
	folder       = "rd-3G0000/r-AAAAAA/fd-AAAAAAAAAA"
	nestedFolder = folder + "/fd-BBBBBBBBBB"
)

// organisation has requester as its management account, accepter as delegated administrator, and n more members.
func organisation(n int) simulator.Directory {
	d := simulator.Directory{
		ID: "rd-3G0000", Root: "r-AAAAAA", Management: requester, Administrators: []peering.Account{accepter},
		Members: []simulator.Member{{Account: accepter, Path: folder}},
	}
	for i := range n {
		d.Members = append(d.Members, simulator.Member{Account: peering.Account(fmt.Sprintf("8%015d", i)), Path: nestedFolder})
	}
	return d
}

func (r caller) organisation() *resourcemanager.Client {
	c, err := resourcemanager.NewClientWithOptions(r.region, r.rig.config(r.timeout), r.credential())
	if err != nil {
		panic(err)
	}
	c.Domain = r.rig.domain
	return c
}

func (r caller) directory() (*resourcemanager.GetResourceDirectoryResponse, error) {
	return r.organisation().GetResourceDirectory(resourcemanager.CreateGetResourceDirectoryRequest())
}

func (r caller) account(a peering.Account) (*resourcemanager.GetAccountResponse, error) {
	q := resourcemanager.CreateGetAccountRequest()
	q.AccountId = string(a)
	return r.organisation().GetAccount(q)
}

// accounts lists one page; a size of 0 leaves it to the API.
func (r caller) accounts(page, size int) (*resourcemanager.ListAccountsResponse, error) {
	q := resourcemanager.CreateListAccountsRequest()
	q.PageNumber = requests.NewInteger(page)
	if size != 0 {
		q.PageSize = requests.NewInteger(size)
	}
	return r.organisation().ListAccounts(q)
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, start func(*simulator.Cloud) rig) {
		c := newCloud()
		c.SetDirectory(organisation(3))
		r := start(c).as(accepterKey)
		d, err := r.directory()
		if err != nil || d.ResourceDirectory.ResourceDirectoryId != "rd-3G0000" || d.ResourceDirectory.RootFolderId != "r-AAAAAA" ||
			d.ResourceDirectory.MasterAccountId != string(requester) {
			t.Errorf("%v, %+v", err, d.ResourceDirectory)
		}
		one, err := r.account("8000000000000001")
		if err != nil || one.Account.AccountId != "8000000000000001" || one.Account.FolderId != "fd-BBBBBBBBBB" ||
			one.Account.ResourceDirectoryPath != nestedFolder+"/8000000000000001" || one.Account.ResourceDirectoryId != "rd-3G0000" {
			t.Errorf("%v, %+v", err, one.Account)
		}
		_, err = r.account(requester)
		wantCode(t, "the management account, which is not a member", err, "EntityNotExists.Account")
		_, err = r.account("")
		wantCode(t, "no account", err, "MissingAccountId")
	})
}

func TestWhoReadsTheDirectory(t *testing.T) {
	t.Parallel()
	c := newCloud()
	c.SetDirectory(organisation(0))
	c.PutMember(simulator.Member{Account: bystander, Path: folder + "/" + string(bystander)})
	ask := func(key simulator.Key) [3]string {
		r := inProcess(c).as(key)
		_, directory := r.directory()
		_, list := r.accounts(1, 0)
		_, one := r.account(accepter)
		return [3]string{code(directory), code(list), code(one)}
	}
	const notEnabled = "EntityNotExists.ResourceDirectory"
	check := func(who string, key simulator.Key, want [3]string) {
		t.Helper()
		if got := ask(key); got != want {
			t.Errorf("%s: got %v, want %v", who, got, want)
		}
	}
	check("the management account", requesterKey, [3]string{})
	check("a delegated administrator", accepterKey, [3]string{})
	check("a plain member", strangerKey, [3]string{"", notEnabled, notEnabled})
	c.Deny(accepter, "ListAccounts")
	check("an administrator without a permission", accepterKey, [3]string{"", "NoPermission", ""})
	c.RemoveMember(bystander)
	check("an account outside", strangerKey, [3]string{"ResourceDirectoryNotInUse", notEnabled, notEnabled})
	c.SetDirectory(simulator.Directory{ID: "rd-b", Root: "r-b", Management: requester, Members: []simulator.Member{{Account: bystander, Path: "rd-b/r-b"}}})
	check("any member where no administrator is named", strangerKey, [3]string{"", "", "EntityNotExists.Account"})
	none := newCloud()
	_, err := inProcess(none).as(accepterKey).directory()
	wantCode(t, "without a directory", err, "ResourceDirectoryNotInUse")
}

func TestPagesOfAccounts(t *testing.T) {
	t.Parallel()
	c := newCloud()
	c.SetDirectory(organisation(24))
	r := inProcess(c).as(accepterKey)
	for page, want := range map[int]int{1: 10, 2: 10, 3: 5, 4: 0, 1 << 30: 0} {
		if got, err := r.accounts(page, 0); err != nil || len(got.Accounts.Account) != want || got.TotalCount != 25 || got.PageNumber != page || got.PageSize != 10 {
			t.Errorf("page %d: %v, %d accounts, %+v", page, err, len(got.Accounts.Account), got)
		}
	}
	if got, err := r.accounts(1, 100); err != nil || len(got.Accounts.Account) != 25 || got.Accounts.Account[0].AccountId != string(accepter) {
		t.Errorf("a large page: %v", err)
	}
	for _, size := range []int{-1, 101} {
		_, err := r.accounts(1, size)
		wantCode(t, fmt.Sprint("a page of ", size), err, "InvalidParameter.PageSize")
	}
	_, err := r.accounts(-1, 0)
	wantCode(t, "a page before the first", err, "InvalidParameter.PageNumber")
}

// TestMembersComeMoveAndGo: the next call shows where a member is now.
func TestMembersComeMoveAndGo(t *testing.T) {
	t.Parallel()
	c := newCloud()
	c.SetDirectory(organisation(0))
	r := inProcess(c).as(accepterKey)
	path := func() string {
		got, err := r.account(bystander)
		if err != nil {
			return code(err)
		}
		return got.Account.ResourceDirectoryPath
	}
	got := []string{path()}
	c.PutMember(simulator.Member{Account: bystander, Path: folder})
	got = append(got, path())
	c.PutMember(simulator.Member{Account: bystander, Path: nestedFolder})
	got = append(got, path())
	c.RemoveMember(bystander)
	got = append(got, path())
	want := []string{"EntityNotExists.Account", folder + "/" + string(bystander), nestedFolder + "/" + string(bystander), "EntityNotExists.Account"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestDirectoryQuotas: with a quota of VpcPeer, the documented ones of the directory hold.
func TestDirectoryQuotas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.SetDirectory(organisation(0))
		r := inProcess(c).as(accepterKey)
		calls := map[int]func() error{
			20: func() error { _, err := r.accounts(1, 0); return err },
			50: func() error { _, err := r.account(accepter); return err },
		}
		for quota, call := range calls {
			for range quota + 10 {
				wantCode(t, "without a quota", call(), "")
			}
		}
		c.Quota = simulator.DocumentedQuota
		for quota, call := range calls {
			for range quota {
				wantCode(t, "within the quota", call(), "")
			}
			if left := timeLeft(t, call()); left != time.Second {
				t.Errorf("after %d calls: told to wait %v", quota, left)
			}
		}
		time.Sleep(time.Second)
		wantCode(t, "a second later", calls[20](), "")
	})
}

// TestListsOfAccountsThatContradictThemselves: each fault of a list shows in the numbers or in the ids.
func TestListsOfAccountsThatContradictThemselves(t *testing.T) {
	t.Parallel()
	for kind, want := range map[simulator.Kind]string{
		"":                     "3 of 5: 11 80 81, 2 of 5: 82 83",
		simulator.MovingTotal:  "3 of 5: 11 80 81, 2 of 6: 82 83",
		simulator.EarlyEnd:     "1 of 5: 11, 1 of 5: 82",
		simulator.Overlap:      "3 of 5: 11 80 81, 3 of 5: 81 82 83",
		simulator.EndlessPages: "3 of 5: 11 80 81, 3 of 5: 11 80 81",
		simulator.SameToken:    "3 of 5: 11 80 81, 3 of 5: 11 80 81",
	} {
		c := newCloud()
		c.SetDirectory(organisation(4))
		if kind != "" {
			c.Inject(simulator.Fault{Kind: kind, Action: "ListAccounts"})
		}
		var pages []string
		for number := range 2 {
			p, err := inProcess(c).as(accepterKey).accounts(number+1, 3)
			if err != nil {
				t.Fatal(err)
			}
			text := fmt.Sprintf("%d of %d:", len(p.Accounts.Account), p.TotalCount)
			for _, a := range p.Accounts.Account {
				text += " " + a.AccountId[:1] + a.AccountId[15:]
			}
			pages = append(pages, text)
		}
		if got := strings.Join(pages, ", "); got != want {
			t.Errorf("%s: got %s, want %s", kind, got, want)
		}
	}
}

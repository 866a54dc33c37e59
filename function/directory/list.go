package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/resourcemanager"

	"peerguard/function/acs"
	"peerguard/function/peering"
)

// pageSize is the most that ListAccounts returns at once.
const pageSize = 100

// codeIncompleteList is the code of a list that contradicts itself. docs/reference.md lists it.
const codeIncompleteList = "IncompleteList"

// read reads the whole directory. The pages of ListAccounts are numbered, so an account that comes or goes in between moves
// others from one page to another: a list that contradicts itself is read again once.
func (c *Client) read(ctx context.Context) (*peering.Reading, error) {
	began := time.Now()
	reading, err := c.describe(ctx)
	if err != nil {
		return nil, err
	}
	var members map[peering.Account]peering.Path
	for range 2 {
		members, err = c.members(ctx, reading.RootPath())
		if f, ok := errors.AsType[*peering.Failure](err); !ok || f.Code != codeIncompleteList {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	return peering.NewReading(reading.ID, reading.Root, reading.Management, began, members), nil
}

// members reads the list of all members.
func (c *Client) members(ctx context.Context, root peering.Path) (map[peering.Account]peering.Path, error) {
	l := listing{total: -1, members: map[peering.Account]peering.Path{}, paths: map[peering.Path]peering.Path{}}
	for number := 1; len(l.members) != l.total; number++ {
		page, err := c.page(ctx, root, number)
		if err != nil {
			return nil, err
		}
		if err := l.add(page); err != nil {
			return nil, err
		}
	}
	return l.members, nil
}

// page reads one page of the list of all members.
// https://www.alibabacloud.com/help/en/resource-management/resource-directory/developer-reference/api-resourcemanager-2020-03-31-listaccounts
func (c *Client) page(ctx context.Context, root peering.Path, number int) (page, error) {
	var read page
	err := c.do(ctx, listQuota, func(send acs.Send) error {
		request := resourcemanager.CreateListAccountsRequest()
		request.PageNumber = requests.NewInteger(number)
		request.PageSize = requests.NewInteger(pageSize)
		got := new(accountsAnswer)
		if err := send(request, got); err != nil {
			return err
		}
		var ok bool
		if read, ok = got.page(root); !ok {
			return acs.NoConfirmation("the list of accounts is not one that the API documents")
		}
		return nil
	})
	return read, err
}

// listing is where the reading of the list of all members has got to.
type listing struct {
	total   int // TotalCount; -1 before the first page
	members map[peering.Account]peering.Path
	paths   map[peering.Path]peering.Path // each path once, so that the members of a folder share it
}

// add adds a page. It fails if the page contradicts those before it, or its TotalCount.
func (l *listing) add(p page) error {
	if l.total >= 0 && p.total != l.total {
		return incomplete("the API counted %d accounts, and then %d", l.total, p.total)
	}
	l.total = p.total
	for _, m := range p.members {
		if _, twice := l.members[m.account]; twice {
			return incomplete("the API lists account %s twice", m.account)
		}
		l.members[m.account] = l.shared(m.path)
	}
	if n := len(l.members); n > l.total || n < l.total && len(p.members) == 0 {
		return incomplete("the API counts %d accounts and lists %d", l.total, n)
	}
	return nil
}

func (l *listing) shared(path peering.Path) peering.Path {
	if known, ok := l.paths[path]; ok {
		return known
	}
	l.paths[path] = path
	return path
}

func incomplete(format string, args ...any) error {
	return &peering.Failure{Code: codeIncompleteList, Message: fmt.Sprintf(format, args...), Retryable: true}
}

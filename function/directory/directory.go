// Package directory knows the resource directory and the regions: which accounts are members, in which folders, and which
// regions there are. It makes three calls of the Resource Management API, version 2020-03-31, and one of the VPC API,
// version 2016-04-28. Signing, retries and quotas are those of room acs.
//
// It answers yes, no, or with an error, which means that nobody knows. An account is a member if a reading of the whole
// directory says so that is at most five minutes old. It is not a member only if the directory, asked for that one
// account, says that it does not exist. A list that could not be read, was partial or was old never makes a stranger.
package directory

import (
	"context"
	"maps"
	"strings"
	"sync"

	"peerguard/function/acs"
	"peerguard/function/peering"
)

// The quotas stay inside the documented ones: in each second 20 calls of ListAccounts, and 50 of the other two.
// https://www.alibabacloud.com/help/en/resource-management/resource-directory/developer-reference/api-resourcemanager-2020-03-31-quota
var (
	listQuota = acs.Quota{Burst: 10, Rate: 10}
	getQuota  = acs.Quota{Burst: 15, Rate: 35}
)

// sessionPolicy narrows a session of the role to the calls of this package that need a permission, whatever else the role
// allows.
const sessionPolicy = `{"Version":"1","Statement":[{"Effect":"Allow","Resource":"*",` +
	`"Action":["resourcemanager:GetAccount","resourcemanager:GetResourceDirectory","resourcemanager:ListAccounts"]}]}`

// Memory holds what outlives an invocation: the answers of the APIs. It is safe for concurrent use.
type Memory struct {
	cloud    *acs.Cloud
	mu       sync.Mutex
	byReader map[reader]*knowledge
}

// reader is who asks: another one may see another directory.
type reader struct {
	account peering.Account
	role    string
}

// NewMemory returns a Memory that knows nothing yet.
func NewMemory(cloud *acs.Cloud) *Memory {
	return &Memory{cloud: cloud, byReader: map[reader]*knowledge{}}
}

// Access says which directory is read, and how.
type Access struct {
	ID   string // rd-…, the only directory whose answers are used; "" means the one that the reader is in
	Role string // ARN of the role to assume for reading the directory; "" means the caller's own credentials
}

// Client is the directory and the regions as one invocation sees them. It is safe for concurrent use. Its errors are
// *peering.Failure.
//
// A question is given up after 20 seconds, and then answered with the same failure for half a minute, so that an outage
// does not cost an invocation all of its time. Callers who ask the same question at once share one answer.
type Client struct {
	cloud  *acs.Cloud
	caller acs.Caller
	access Access
	known  *knowledge
}

// Client returns the view of one invocation's caller.
func (m *Memory) Client(caller acs.Caller, access Access) *Client {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := reader{caller.Account, access.Role}
	if m.byReader[key] == nil {
		m.byReader[key] = newKnowledge()
	}
	return &Client{m.cloud, caller, access, m.byReader[key]}
}

// do makes a call of the Resource Management API.
func (c *Client) do(ctx context.Context, quota acs.Quota, attempt func(acs.Send) error) error {
	in := peering.Partition{Account: c.account(), Region: c.caller.Region}
	return c.cloud.Do(ctx, c.caller, acs.Call{Service: acs.ResourceManagement, In: in, Role: c.role(), Quota: quota}, attempt)
}

// role returns the role to assume, the zero Role if there is none.
func (c *Client) role() acs.Role {
	if c.access.Role == "" {
		return acs.Role{}
	}
	return acs.Role{ARN: c.access.Role, Policy: sessionPolicy}
}

// account returns the account that reads the directory.
func (c *Client) account() peering.Account {
	_, rest, assumed := strings.Cut(c.access.Role, "acs:ram::")
	if !assumed {
		return c.caller.Account
	}
	account, _, _ := strings.Cut(rest, ":")
	return peering.Account(account)
}

// knowledge is what one reader has learnt.
type knowledge struct {
	reading *memo[*peering.Reading]
	itself  *memo[*peering.Reading] // the directory without its members
	regions *memo[[]string]
	silence setback // GetAccount does not answer

	mu       sync.Mutex
	accounts map[peering.Account]*memo[peering.Path] // those that were asked for one by one
	sweepAt  int                                     // when there are this many, the old ones are dropped
}

// firstSweep is the number of accounts at which old answers are dropped for the first time.
const firstSweep = 64

func newKnowledge() *knowledge {
	return &knowledge{
		reading: newMemo[*peering.Reading](), itself: newMemo[*peering.Reading](), regions: newMemo[[]string](),
		accounts: map[peering.Account]*memo[peering.Path]{}, sweepAt: firstSweep,
	}
}

// account returns what is known of one account. The next sweep over the old ones is when there are twice as many as are
// left now, so that its cost is spread.
func (k *knowledge) account(a peering.Account) *memo[peering.Path] {
	k.mu.Lock()
	defer k.mu.Unlock()
	if one, ok := k.accounts[a]; ok {
		return one
	}
	if len(k.accounts) >= k.sweepAt {
		maps.DeleteFunc(k.accounts, func(_ peering.Account, m *memo[peering.Path]) bool { return m.idle(answerAge) })
		k.sweepAt = max(firstSweep, 2*len(k.accounts))
	}
	one := newMemo[peering.Path]()
	k.accounts[a] = one
	return one
}

package directory

import (
	"context"
	"errors"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/resourcemanager"

	"peerguard/function/acs"
	"peerguard/function/peering"
)

// answerAge is how old the answer to a question about one account may be.
const answerAge = time.Minute

// Path asks where one account is in the directory, and returns peering.Outside if the directory says that the account is
// not in it. The answer is at most a minute old, and never taken from a list: a member that has moved since the list was read
// is where it is now. With an error nobody knows, and nothing may be concluded.
func (c *Client) Path(ctx context.Context, account peering.Account) (peering.Path, error) {
	itself, err := c.pinned(c.known.itself.get(ctx, memberAge, c.describe))
	switch {
	case err != nil:
		return "", err
	case account == itself.Management:
		return itself.RootPath(), nil
	}
	return c.single(ctx, account, itself.RootPath())
}

// single returns what the directory says of one account. While GetAccount does not answer, it is not asked: not every
// stranger has to wait for it.
func (c *Client) single(ctx context.Context, account peering.Account, root peering.Path) (peering.Path, error) {
	one := c.known.account(account)
	path, done, err := one.kept(time.Now().Add(-answerAge))
	if f := c.known.silence.current(); !done && f != nil {
		return "", f
	}
	if !done {
		path, err = one.get(ctx, answerAge, func(ctx context.Context) (peering.Path, error) { return c.ask(ctx, account, root) })
		c.notice(err)
	}
	if err != nil {
		return "", err
	}
	return path, nil
}

// notice remembers that GetAccount does not answer.
func (c *Client) notice(err error) {
	if f, ok := errors.AsType[*peering.Failure](err); ok && f.Retryable && f.Class != peering.OutOfTime {
		c.known.silence.note(f)
	}
}

// ask asks the directory with that root for one account.
// https://www.alibabacloud.com/help/en/resource-management/resource-directory/developer-reference/api-resourcemanager-2020-03-31-getaccount
func (c *Client) ask(ctx context.Context, account peering.Account, root peering.Path) (peering.Path, error) {
	var path peering.Path
	err := c.do(ctx, getQuota, func(send acs.Send) error {
		request := resourcemanager.CreateGetAccountRequest()
		request.AccountId = string(account)
		got := new(accountAnswer)
		if err := send(request, got); err != nil {
			return outside(err, &path)
		}
		found, ok := got.Account.member(root)
		if !ok || found.account != account {
			return acs.NoConfirmation("the answer describes another account than the one asked for, or another directory")
		}
		path = found.path
		return nil
	})
	return path, err
}

// outside takes the one failure that proves that an account is not in the directory. Without a request id it does not come
// from the API.
func outside(err error, path *peering.Path) error {
	f, ok := errors.AsType[*peering.Failure](err)
	if !ok || f.Class != peering.NoMember || f.Retryable {
		return err
	}
	if f.RequestID == "" {
		return acs.NoConfirmation("an answer without a request id says that there is no such account")
	}
	*path = peering.Outside
	return nil
}

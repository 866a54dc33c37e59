package vpcpeer

import (
	"context"
	"errors"
	"strings"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/sts"

	"peerguard/function/peering"
)

// Identity is who credentials belong to.
type Identity struct {
	Account peering.Account
	ARN     string // of the user or of the role's session
}

type identityAnswer struct {
	answer
	AccountId text
	Arn       text
}

// Identity asks STS who the caller is: of it, only credentials and region are used. Errors are *peering.Failure.
// https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-getcalleridentity
func (c *Cloud) Identity(ctx context.Context, caller Caller) (Identity, error) {
	var who Identity
	err := retry(ctx, func() error {
		got := new(identityAnswer)
		err := c.exchange(ctx, c.sts(caller.Region), caller.Region, caller.Credentials, sts.CreateGetCallerIdentityRequest(), got)
		if err == nil && !accountOf(got.AccountId).Known() {
			return noConfirmation("GetCallerIdentity answered without an account id")
		}
		who = Identity{Account: accountOf(got.AccountId), ARN: string(got.Arn)}
		return err
	})
	return who, err
}

// Assume makes sure that the calls of an account can be made: it assumes the account's role, where it is guarded through
// one. A session that lasts is not renewed. Errors are *peering.Failure.
func (s *Session) Assume(ctx context.Context, account peering.Account) error {
	_, err := s.credentials(ctx, account, Credentials{})
	return err
}

// Forbidden reports whether an error says that the caller's RAM policies, or the trust policy of a role, do not grant
// the call.
// https://help.aliyun.com/document_detail/51132.html
func Forbidden(err error) bool {
	var f *peering.Failure
	if !errors.As(err, &f) {
		return false
	}
	for _, code := range []string{"Forbidden", "NoPermission", "AccessDenied"} {
		if f.Code == code || strings.HasPrefix(f.Code, code+".") {
			return true
		}
	}
	return false
}

package login

import (
	"context"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/sts"

	"peerguard/function/acs"
	"peerguard/function/peering"
)

// Identity is who credentials belong to.
type Identity struct {
	Account peering.Account
	ARN     string // of the user or of the role's session
}

// maxARN is how many bytes the longest ARN of a session has, and more.
const maxARN = 256

type identityAnswer struct {
	acs.Confirmation
	AccountId acs.Text
	Arn       acs.Text
}

// Identify asks STS, in a region, who credentials belong to. The error is a *peering.Failure.
// https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-getcalleridentity
func Identify(ctx context.Context, cloud *acs.Cloud, keys peering.Credentials, region string) (Identity, error) {
	var who Identity
	call := acs.Call{Service: acs.STS, In: peering.Partition{Region: region}, Quota: acs.Quota{Burst: 10, Rate: 10}}
	err := cloud.Do(ctx, acs.Caller{Region: region, Credentials: keys}, call, func(send acs.Send) error {
		got := new(identityAnswer)
		if err := send(sts.CreateGetCallerIdentityRequest(), got); err != nil {
			return err
		}
		who = Identity{Account: got.AccountId.Account(), ARN: got.Clean(got.Arn, maxARN)}
		if !who.Account.Known() {
			return acs.NoConfirmation("GetCallerIdentity answered without an account id")
		}
		return nil
	})
	return who, err
}

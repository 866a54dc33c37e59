package acs

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/sts"

	"peerguard/function/peering"
)

// sessionDuration is what every role allows.
const sessionDuration = time.Hour

// stsQuota stays below that of AssumeRole, which is 100 calls a second for each account.
// https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerole
var stsQuota = Quota{Burst: 10, Rate: 90}

// codeNoRole is the code of a role that does not exist.
const codeNoRole = "EntityNotExist.Role"

// Role says which role AssumeRole assumes, and how. Empty fields are left out.
type Role struct {
	ARN         string
	SessionName string        // tells an auditor of the role's account who came; "" means peerguard@<caller's account>
	Duration    time.Duration // 0 means an hour
	Policy      string        // a RAM policy that narrows the session
	ExternalID  string
}

// Session is an assumed role's credentials.
type Session struct {
	Credentials peering.Credentials
	Expires     time.Time
}

type assumeAnswer struct {
	Confirmation
	Credentials struct {
		AccessKeyId     Text
		AccessKeySecret Text
		SecurityToken   Text
		Expiration      Text
	}
}

// AssumeRole opens a session of a role. The error is a *peering.Failure that names the role.
// https://www.alibabacloud.com/help/en/ram/api-assumerole
func (c *Cloud) AssumeRole(ctx context.Context, caller Caller, role Role) (Session, error) {
	duration := cmp.Or(role.Duration, sessionDuration)
	session := Session{Expires: time.Now().Add(duration)}
	err := c.Do(ctx, caller, Call{Service: STS, In: peering.Partition{Account: caller.Account, Region: caller.Region}, Quota: stsQuota}, func(send Send) error {
		request := sts.CreateAssumeRoleRequest()
		request.RoleArn = role.ARN
		request.RoleSessionName = cmp.Or(role.SessionName, "peerguard@"+string(caller.Account))
		request.DurationSeconds = requests.NewInteger(int(duration.Seconds()))
		request.Policy = role.Policy
		request.ExternalId = role.ExternalID
		got := new(assumeAnswer)
		if err := send(request, got); err != nil {
			return err
		}
		return session.take(got)
	})
	return session, assuming(role.ARN, err)
}

// take fills the session from an answer. An answer that does not say when the session ends leaves that as it is.
func (s *Session) take(got *assumeAnswer) error {
	keys := got.Credentials
	if keys.AccessKeyId == "" {
		return NoConfirmation("AssumeRole answered without credentials")
	}
	s.Credentials = peering.NewCredentials(string(keys.AccessKeyId), string(keys.AccessKeySecret), string(keys.SecurityToken))
	if expires, err := time.Parse(time.RFC3339, string(keys.Expiration)); err == nil {
		s.Expires = expires
	}
	return nil
}

// assuming adds to a failure which role could not be assumed: its code alone does not say. The class says no more about
// a connection, which STS knows nothing of.
func assuming(role string, err error) error {
	f, ok := errors.AsType[*peering.Failure](err)
	if !ok {
		return err
	}
	named := *f
	named.Message = "assuming " + role + ": " + strings.TrimSpace(f.Message)
	if f.Code == codeNoRole {
		named.Message += " (create the role in that account, or leave the account out of guard.accounts)"
	}
	if f.Class != peering.OutOfTime && f.Class != peering.Forbidden {
		named.Class = peering.Failed
	}
	return &named
}

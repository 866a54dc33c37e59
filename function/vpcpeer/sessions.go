package vpcpeer

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/sts"

	"peerguard/function/peering"
)

const (
	assumeRole      = "AssumeRole"
	sessionDuration = time.Hour       // what every role allows
	sessionReserve  = 5 * time.Minute // a session that ends sooner is renewed: an invocation must not outlive it
)

// session is an assumed role's credentials.
type session struct {
	credentials Credentials
	expires     time.Time
}

// sessions keeps one session for each role, across invocations.
type sessions struct {
	mu    sync.Mutex
	slots map[assumption]*slot
}

// assumption is who assumes which role.
type assumption struct {
	caller peering.Account
	role   string
}

// slot holds a role's session; whoever holds its busy token may read and renew it.
type slot struct {
	busy    chan struct{}
	session session
}

func newSessions() *sessions { return &sessions{slots: map[assumption]*slot{}} }

func (s *sessions) slot(key assumption) *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.slots[key]; !ok {
		s.slots[key] = &slot{busy: make(chan struct{}, 1)}
	}
	return s.slots[key]
}

// get gives the role's session, assumed anew when there is none that lasts, or it is the one that the API refused.
// Concurrent callers share one AssumeRole.
func (s *sessions) get(ctx context.Context, key assumption, refused Credentials, assume func() (session, error)) (Credentials, error) {
	slot := s.slot(key)
	select {
	case slot.busy <- struct{}{}:
		defer func() { <-slot.busy }()
	case <-ctx.Done():
		return Credentials{}, outOfTime(nil)
	}
	if slot.session.credentials != refused && time.Until(slot.session.expires) > sessionReserve {
		return slot.session.credentials, nil
	}
	fresh, err := assume()
	if err == nil {
		slot.session = fresh
	}
	return fresh.credentials, err
}

// credentials gives those of an account: the invocation's own, or those of the role that guards it, but not the refused ones.
func (s *Session) credentials(ctx context.Context, account peering.Account, refused Credentials) (Credentials, error) {
	role, member := s.role(account)
	if !member {
		return s.caller.Credentials, nil
	}
	return s.cloud.sessions.get(ctx, assumption{s.caller.Account, role}, refused, func() (session, error) {
		return s.assume(ctx, role)
	})
}

func (s *Session) role(account peering.Account) (arn string, member bool) {
	arn, member = s.caller.Roles[account]
	return arn, member && account != s.caller.Account
}

type assumeAnswer struct {
	answer
	Credentials struct {
		AccessKeyId     text
		AccessKeySecret text
		SecurityToken   text
		Expiration      text
	}
}

// roleRequest is what AssumeRole is asked for. Empty fields are left out.
type roleRequest struct {
	arn        string
	session    string // tells an auditor of the role's account who came from where
	duration   time.Duration
	policy     string
	externalID string
}

// assume assumes the role that guards a member account.
func (s *Session) assume(ctx context.Context, role string) (session, error) {
	return s.cloud.assume(ctx, s.caller, roleRequest{
		arn:      role,
		session:  "peerguard@" + string(s.caller.Account),
		duration: sessionDuration,
	})
}

// assume calls AssumeRole.
// https://www.alibabacloud.com/help/en/ram/api-assumerole
func (c *Cloud) assume(ctx context.Context, caller Caller, role roleRequest) (session, error) {
	fresh := session{expires: time.Now().Add(role.duration)}
	quota := peering.Partition{Account: caller.Account}
	err := retry(ctx, func() error {
		if err := c.pace.wait(ctx, assumeRole, quota); err != nil {
			return err
		}
		got := new(assumeAnswer)
		err := c.exchange(ctx, c.sts(caller.Region), caller.Region, caller.Credentials, role.request(), got)
		c.pace.slow(assumeRole, quota, err)
		if err == nil && got.Credentials.AccessKeyId == "" {
			return noConfirmation("AssumeRole answered without credentials")
		}
		answered := got.Credentials
		fresh.credentials = Credentials{string(answered.AccessKeyId), string(answered.AccessKeySecret), string(answered.SecurityToken)}
		if expires, parseErr := time.Parse(time.RFC3339, string(answered.Expiration)); parseErr == nil {
			fresh.expires = expires
		}
		return err
	})
	return fresh, assuming(role.arn, err)
}

func (r roleRequest) request() *sts.AssumeRoleRequest {
	request := sts.CreateAssumeRoleRequest()
	request.RoleArn = r.arn
	request.RoleSessionName = r.session
	request.DurationSeconds = requests.NewInteger(int(r.duration.Seconds()))
	request.Policy = r.policy
	request.ExternalId = r.externalID
	return request
}

// assuming says which role could not be assumed, since the code alone does not.
func assuming(role string, err error) error {
	var f *peering.Failure
	if !errors.As(err, &f) {
		return err
	}
	named := *f
	named.Message = "assuming " + role + ": " + strings.TrimSpace(f.Message)
	if f.Class != peering.OutOfTime {
		named.Class = peering.Failed // it is about the role: that a connection is gone, say, STS cannot know
	}
	return &named
}

// sts gives the endpoint of STS for a caller in a region.
func (c *Cloud) sts(region string) *url.URL {
	switch {
	case c.stsEndpoint != nil:
		return c.stsEndpoint
	case region == "":
		return &url.URL{Scheme: "https", Host: "sts.aliyuncs.com"}
	}
	return &url.URL{Scheme: "https", Host: "sts." + region + ".aliyuncs.com"}
}

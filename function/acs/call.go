package acs

import (
	"context"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"

	"peerguard/function/peering"
)

// Call says which API is called, where, as whom, and how often that is allowed.
type Call struct {
	Service Service
	In      peering.Partition // the account that the calls are counted against, and the region that the request names
	Role    Role              // the role to assume; the zero Role means the caller's own credentials
	Quota   Quota

	// Still is called when it is a request's turn, right before it is sent. Its error takes the place of the answer. Nil means
	// that every request is sent.
	Still func(context.Context) error
}

// Quota is how often one action of an API may be called in one partition: Burst calls at once, then Rate a second.
type Quota struct {
	Burst int
	Rate  float64
}

// Send sends one request and decodes its answer. Both must be new for each attempt.
type Send func(request requests.AcsRequest, answer Answer) error

// Do makes a call. attempt makes a request, sends it, and looks at the answer. It is repeated while its error is worth a
// retry and at least a second is left before the deadline of ctx. A session that the API no longer accepts is renewed
// once. The error is a *peering.Failure.
func (c *Cloud) Do(ctx context.Context, caller Caller, call Call, attempt func(Send) error) error {
	var refused peering.Credentials
	return retry(ctx, func() error {
		creds, err := c.credentials(ctx, caller, call.Role, refused)
		if err != nil {
			return err
		}
		err = attempt(func(request requests.AcsRequest, answer Answer) error {
			return c.send(ctx, call, creds, request, answer)
		})
		if call.Role != (Role{}) && refused == (peering.Credentials{}) && sessionRefused(err) {
			refused = creds
			return again(err)
		}
		return err
	})
}

// send sends one request when it is its turn.
func (c *Cloud) send(ctx context.Context, call Call, creds peering.Credentials, request requests.AcsRequest, answer Answer) error {
	key := quotaKey{request.GetActionName(), call.In}
	if err := c.limiters.wait(ctx, key, call.Quota); err != nil {
		return err
	}
	if call.Still != nil {
		if err := call.Still(ctx); err != nil {
			return err
		}
	}
	err := c.exchange(ctx, c.endpoints.of(call.Service, call.In.Region), call.In.Region, creds, request, answer)
	c.limiters.heed(key, call.Quota, err)
	return err
}

// credentials returns the caller's own credentials, or those of the role, but not the refused ones.
func (c *Cloud) credentials(ctx context.Context, caller Caller, role Role, refused peering.Credentials) (peering.Credentials, error) {
	if role == (Role{}) {
		return caller.Credentials, nil
	}
	return c.RoleCredentials(ctx, caller, role, refused)
}

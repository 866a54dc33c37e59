package vpcpeer

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/responses"
)

// callTimeout bounds one exchange with the API, from the dial to the last byte of the answer.
const callTimeout = 10 * time.Second

// confirmable is an answer that says whether it is one.
type confirmable interface {
	responses.AcsResponse
	confirmed() bool
}

// exchange signs and sends one request and reads its answer. The SDK's client and request keep state and are not safe
// for concurrent use, so each exchange has its own; they share the transport.
func (c *Cloud) exchange(ctx context.Context, endpoint *url.URL, region string, creds Credentials, request requests.AcsRequest, answer confirmable) error {
	timed, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	request.SetDomain(endpoint.Host)
	request.SetScheme(strings.ToUpper(endpoint.Scheme))
	request.SetReadTimeout(-1)                    // none of the SDK's own: it costs two goroutines a call, timed costs none
	request.GetQueryParams()["RegionId"] = region // the client would compile a regular expression to check it
	config := sdk.NewConfig().WithUserAgent("peerguard")
	config.Transport = &exchangeTransport{ctx: timed, base: c.transport}
	credential := credentials.NewStsTokenCredential(creds.AccessKeyID, creds.AccessKeySecret, creds.SecurityToken)
	done := make(chan error, 1)
	go func() { done <- act(config, credential, request, answer) }() // the SDK prints its stack for each nonce: a short one is cheap
	switch err := <-done; {
	case errors.Is(err, errPanic):
		return noConfirmation("the answer is not one that the SDK can read")
	case err != nil:
		return failure(ctx, err, newRedactor(creds, request.GetQueryParams()["Signature"]))
	case !answer.confirmed():
		return noConfirmation("the API answered without confirming anything")
	}
	return nil
}

var errPanic = errors.New("the SDK panicked")

// act lets the SDK act. It panics on error bodies of an unexpected shape.
func act(config *sdk.Config, credential auth.Credential, request requests.AcsRequest, answer responses.AcsResponse) (err error) {
	defer func() {
		if recover() != nil {
			err = errPanic
		}
	}()
	client, err := sdk.NewClientWithOptions("", config, credential)
	if err != nil {
		return err
	}
	return client.DoAction(request, answer)
}

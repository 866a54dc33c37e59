package vpcpeer

import (
	"context"
	"errors"
	"io"
	"net/http"
)

// maxAnswer bounds what is read of one answer, in bytes: a page of 100 connections is far below it.
const maxAnswer = 8 << 20

// errRedirected is why a redirect fails: following one would hand the signed request to another host.
var errRedirected = errors.New("the endpoint redirects, which a signed request does not follow")

// exchangeTransport gives the SDK, which knows no context, the context of the call.
type exchangeTransport struct {
	ctx  context.Context //nolint:containedctx // the only way in: the SDK's calls take none
	base http.RoundTripper
}

// RoundTrip merges the call's context into the request's, which carries the SDK's own timeout.
func (t *exchangeTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	stop := context.AfterFunc(t.ctx, func() { cancel(context.Cause(t.ctx)) }) //nolint:contextcheck // merging is the point
	release := func() {
		stop()
		cancel(nil)
	}
	response, err := t.base.RoundTrip(r.WithContext(ctx))
	if err != nil {
		release()
		return nil, err
	}
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		err := response.Body.Close()
		release()
		return nil, errors.Join(errRedirected, err)
	}
	response.Body = &boundedBody{Reader: io.LimitReader(response.Body, maxAnswer), body: response.Body, release: release}
	return response, nil
}

// boundedBody keeps the merged context alive until the answer is read.
type boundedBody struct {
	io.Reader
	body    io.Closer
	release func()
}

// Close closes the answer and lets go of the contexts.
func (b *boundedBody) Close() error {
	defer b.release()
	return b.body.Close()
}

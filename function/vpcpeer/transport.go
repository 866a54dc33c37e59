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

// exchangeTransport gives the SDK, which knows no context, the context of the exchange.
type exchangeTransport struct {
	ctx  context.Context //nolint:containedctx // the only way in: the SDK's calls take none
	base http.RoundTripper
}

// RoundTrip sends the request in the exchange's context, which outlives the answer's body.
func (t *exchangeTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.base.RoundTrip(r.WithContext(t.ctx)) // the SDK's own has neither deadline nor values
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		return nil, errors.Join(errRedirected, response.Body.Close())
	}
	response.Body = boundedBody{io.LimitReader(response.Body, maxAnswer), response.Body}
	return response, nil
}

// boundedBody is the beginning of an answer.
type boundedBody struct {
	io.Reader
	io.Closer
}

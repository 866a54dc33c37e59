package acs_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	api "github.com/aliyun/alibaba-cloud-sdk-go/services/vpcpeer"
	"github.com/google/go-cmp/cmp"

	"peerguard/function/acs"
)

// seen is the last request that was sent, without what differs each time.
type seen struct {
	Method, Host string
	Query, Form  url.Values
	Header       http.Header
}

func (s *seen) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	*s = seen{Method: r.Method, Host: r.URL.Host, Query: r.URL.Query(), Form: form, Header: http.Header{}}
	for _, name := range []string{"Signature", "SignatureNonce", "Timestamp"} {
		if s.Query.Get(name) == "" {
			return nil, errors.New(name + " is missing")
		}
		s.Query.Set(name, "?")
	}
	for name, values := range r.Header { // the SDK writes some in lower case, which is the same to HTTP
		s.Header[http.CanonicalHeaderKey(name)] = values
	}
	s.Header.Del("User-Agent")
	s.Header.Del("X-Sdk-Core-Version")
	return nil, errors.New("nobody is there")
}

// TestRequestsAreThoseOfTheSDK: the request is the one that the SDK's own client sends, except for the User-Agent.
func TestRequestsAreThoseOfTheSDK(t *testing.T) {
	t.Parallel()
	var ours, theirs seen
	s := newClient(acs.Config{Transport: &ours})
	err := s.reject(within(t, 1500*time.Millisecond), home, "pcc-one", "event-1")
	if f := failed(t, err); f.Code != "NetworkError" {
		t.Errorf("got %v", err)
	}

	config := sdk.NewConfig().WithScheme("HTTPS").WithAutoRetry(false)
	config.Transport = &theirs
	client, err := api.NewClientWithOptions("cn-shanghai", config,
		credentials.NewStsTokenCredential(canaries.AccessKeyID(), canaries.AccessKeySecret(), canaries.SecurityToken()))
	if err != nil {
		t.Fatal(err)
	}
	request := api.CreateRejectVpcPeerConnectionRequest()
	request.Domain = "vpcpeer.aliyuncs.com"
	request.InstanceId, request.ClientToken, request.DryRun = "pcc-one", "event-1", requests.NewBoolean(false)
	if _, err := client.RejectVpcPeerConnection(request); err == nil {
		t.Fatal("somebody is there")
	}
	if diff := cmp.Diff(theirs, ours); diff != "" || ours.Form.Get("InstanceId") != "pcc-one" {
		t.Errorf("the SDK's -, ours +:\n%s", diff)
	}
}

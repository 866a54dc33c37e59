package vpcpeer_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"peerguard/function/acs"
	"peerguard/function/peering"
)

// says is a server that always gives the same answer.
type says struct {
	status int
	body   []byte
}

func (s says) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: s.status, Status: http.StatusText(s.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(s.body)), Request: r,
	}, nil
}

var codes = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]{0,127}$`)

// FuzzAnswers: any answer becomes either the facts that it states or a failure that can be reported: with a code, on one
// line, without a secret. Nothing is confirmed that the answer does not confirm.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{
		`{"RequestId":"r","InstanceId":"pcc-one","OwnerId":6666666666666666,"AcceptingOwnerUid":"1111111111111111","Status":"Accepting","Vpc":{"VpcId":"vpc-a","Ipv4Cidrs":["10.1.0.0/16"]}}`,
		`{"RequestId":"r","InstanceId":"pcc-two"}`, `{"RequestId":"r","VpcPeerConnects":[{"InstanceId":"pcc-one"},{}],"NextToken":""}`,
		`{"RequestId":"r","VpcPeerConnects":[],"NextToken":"again"}`, `{"Code":"Throttling.User","Message":"m","RequestId":"r"}`,
		`{"Code":42,"Message":{"a":1}}`, `{"Code":"NoPermission","AccessDeniedDetail":"text"}`, `<html>`, ``, `null`, `[]`, `{"RequestId":null}`,
		`{"RequestId":"r","Code":"InternalError"}`, `{"RequestId":{},"OwnerId":1.5e15}`, "{\"Code\":\"A\\nB\",\"Message\":\"a\\u0000b\\nc\"}",
		`{"Code":"X","Message":"STS.CanaryKeyID0001 CanarySecret+/=0002 CanaryToken%2B%2F%3D%3D0003%264"}`,
	} {
		for _, status := range []int{200, 302, 400, 403, 429, 500} {
			f.Add(status, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 100 || status > 599 {
			return
		}
		s := newClient(acs.Config{Transport: says{status, body}})
		call := func(do func(context.Context) error) {
			ctx, cancel := context.WithTimeout(t.Context(), 1010*time.Millisecond) // one attempt, or two
			defer cancel()
			judgeAnswer(t, status, body, do(ctx))
		}
		call(func(ctx context.Context) error {
			c, err := s.Get(ctx, home, "pcc-one")
			if err == nil && c.ID != "pcc-one" {
				t.Errorf("got the facts of %q", c.ID)
			}
			return err
		})
		call(func(ctx context.Context) error {
			id, err := s.Reject(ctx, home, peering.Rejection{ID: "pcc-one", ClientToken: "t"})
			if err == nil && id == "" {
				t.Error("a rejection without a confirmation")
			}
			return err
		})
		call(func(ctx context.Context) error {
			_, err := s.List(home)(ctx)
			return err
		})
	})
}

func judgeAnswer(t *testing.T, status int, body []byte, err error) {
	t.Helper()
	if err == nil {
		if status < 200 || status > 299 || !bytes.Contains(body, []byte("RequestId")) && !bytes.Contains(body, []byte(`\u`)) {
			t.Errorf("HTTP %d with %q was taken for success", status, body)
		}
		return
	}
	var failure *peering.Failure
	if !errors.As(err, &failure) {
		t.Fatalf("got %v, want a failure that can be reported", err)
	}
	if !codes.MatchString(failure.Code) || strings.ContainsAny(failure.Error()+failure.RequestID, "\n\r\x00") || len(failure.Error()) > 1_000 {
		t.Errorf("got %+v, want a code and one line", failure)
	}
	for _, secret := range []string{canaries.AccessKeyID(), canaries.AccessKeySecret(), canaries.SecurityToken()} {
		if strings.Contains(failure.Error()+failure.RequestID, secret) {
			t.Errorf("the failure holds a secret: %+v", failure)
		}
	}
}

package vpcpeer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"peerguard/function/acs"
	"peerguard/function/peering"
	"peerguard/simulator/platform"
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
		`{"Code":"X$K","Message":"$K $S $U $L &#36;$T","RequestId":"$P"}`, `{"Code":"InvalidParameter.$S"}`, `{"RequestId":"$T","InstanceId":"pcc-one","Status":"$U"}`,
		`{"RequestId":"$K","InstanceId":"pcc-one","RegionId":"$P","Vpc":{"VpcId":"$S","Ipv4Cidrs":["$L"]},"GmtCreate":"$K","Name":"%25$U","ManagedService":"$T"}`,
		`{"RequestId":"r","TotalCount":3,"VpcPeerConnects":[{"InstanceId":"$P","Name":"\\\\u0024$L","AcceptingVpc":{"VpcId":"x$S","Ipv6Cidrs":["$T","$K"]}}]}`,
	} {
		for _, status := range []int{200, 302, 400, 403, 429, 500} {
			f.Add(status, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 100 || status > 599 {
			return
		}
		body = []byte(echoed.Replace(string(body)))
		s := newClient(acs.Config{Transport: says{status, body}})
		call := func(do func(context.Context) (any, error)) {
			ctx, cancel := context.WithTimeout(t.Context(), 1001*time.Millisecond) // one attempt, and few more
			defer cancel()
			got, err := do(ctx)
			if leaks := platform.Leaks(fmt.Sprintf("%+v", got)); leaks != nil {
				t.Errorf("the %v is in %+v", leaks, got)
			}
			judgeAnswer(t, status, body, err)
		}
		call(func(ctx context.Context) (any, error) {
			c, err := s.Get(ctx, home, "pcc-one")
			if err == nil && c.ID != "pcc-one" {
				t.Errorf("got the facts of %q", c.ID)
			}
			return c, err
		})
		call(func(ctx context.Context) (any, error) {
			id, err := s.Reject(ctx, home, peering.Rejection{ID: "pcc-one", ClientToken: "t"})
			if err == nil && id == "" {
				t.Error("a rejection without a confirmation")
			}
			return id, err
		})
		call(func(ctx context.Context) (any, error) { return s.List(home)(ctx) })
	})
}

// echoed puts the caller's secrets into an answer: the fuzzer cannot guess them.
var echoed = strings.NewReplacer(
	"$K", canaries.AccessKeyID(), "$S", canaries.AccessKeySecret(), "$T", canaries.SecurityToken(), "$P", canaries.SecurityToken()[5:22],
	"$U", url.QueryEscape(canaries.SecurityToken()), "$L", small(url.QueryEscape(canaries.SecurityToken())),
)

// small returns a text with its escapes in small letters.
func small(text string) string {
	return regexp.MustCompile("%[0-9A-F]{2}").ReplaceAllStringFunc(text, strings.ToLower)
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
	for _, text := range []string{failure.Code, failure.Message, failure.RequestID} {
		if leaks := platform.Leaks(text); leaks != nil {
			t.Errorf("the %v is in %+v", leaks, failure)
		}
	}
}

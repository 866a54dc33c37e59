package vpcpeer_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"peerguard/function/peering"
	"peerguard/function/vpcpeer"
)

// TestAnswersAreReadAsText: ids keep their digits, whether the API writes a text or a number; what is no account id is an
// unknown account; and an answer of another shape than documented is no answer.
func TestAnswersAreReadAsText(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer string // without the request id
		want   peering.Connection
		refuse bool
	}{
		"numbers":       {`"OwnerId":6666666666666666,"AcceptingOwnerUid":123456789012345`, peering.Connection{Requester: peering.Side{Account: "6666666666666666"}, Accepter: peering.Side{Account: "123456789012345"}}, false},
		"texts":         {`"OwnerId":"0123456701234567","AcceptingOwnerUid":"1"`, peering.Connection{Requester: peering.Side{Account: "0123456701234567"}, Accepter: peering.Side{Account: "1"}}, false},
		"beyond 2^53":   {`"OwnerId":12345678901234567891`, peering.Connection{Requester: peering.Side{Account: "12345678901234567891"}}, false},
		"nobody":        {`"OwnerId":0,"AcceptingOwnerUid":"0"`, peering.Connection{}, false},
		"nothing":       {`"OwnerId":null,"AcceptingOwnerUid":"","Vpc":null,"Status":null`, peering.Connection{}, false},
		"no ids":        {`"OwnerId":1.5e15,"AcceptingOwnerUid":-1`, peering.Connection{}, false},
		"escapes":       {`"OwnerId":"\u0036","Status":"\u0041ccepting"`, peering.Connection{Requester: peering.Side{Account: "6"}, Status: peering.Accepting}, false},
		"CIDRs":         {`"Vpc":{"VpcId":"vpc-a","Ipv4Cidrs":["10.0.0.0/8"],"Ipv6Cidrs":["2001:db8::/56"]}`, peering.Connection{Requester: peering.Side{VPC: "vpc-a", CIDRs: []string{"10.0.0.0/8", "2001:db8::/56"}}}, false},
		"a number":      {`"Status":7,"ManagedService":true`, peering.Connection{Status: "7", ManagedBy: "true"}, false},
		"another key":   {`"Tags":[{"Key":"a"}]`, peering.Connection{}, false},
		"an object":     {`"OwnerId":{}`, peering.Connection{}, true},
		"a list":        {`"Status":[]`, peering.Connection{}, true},
		"a VPC as text": {`"Vpc":"vpc-a"`, peering.Connection{}, true},
		"an error":      {`"Code":"InternalError"`, peering.Connection{}, true},
		"cut off":       {`"OwnerId":666`, peering.Connection{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := `{"RequestId":"r","InstanceId":"pcc-one",` + tt.answer + `}`
			if name == "cut off" {
				body = strings.TrimSuffix(body, "6}")
			}
			s := session(vpcpeer.Config{Transport: says{http.StatusOK, []byte(body)}})
			got, err := s.Get(within(t, 1010*time.Millisecond), home, "pcc-one")
			if tt.refuse {
				if f := failed(t, err); f.Code != "NoConfirmation" {
					t.Errorf("got %v", err)
				}
				return
			}
			tt.want.ID = "pcc-one"
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("error %v, facts (-want +got):\n%s", err, diff)
			}
		})
	}
}

// TestRefusals: what the API refuses keeps its code, its request id and as much of its message as fits a line; what is no
// error of the API is no answer. Whether another attempt is worth it depends on the code or the status.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status    int
		body      string
		want      string // code: message
		retryable bool
		class     peering.Class
	}{
		"documented":   {400, `{"Code":"InvalidParameter","Message":"no","RequestId":"r","HostId":"h"}`, "InvalidParameter: no", false, peering.Failed},
		"gone":         {404, `{"Code":"ResourceNotFound.InstanceId","Message":"none"}`, "ResourceNotFound.InstanceId: none", false, peering.Gone},
		"dry run":      {400, `{"Code":"DryRunOperation","Message":"ok"}`, "DryRunOperation: ok", false, peering.DryRunPassed},
		"server error": {500, `{"Code":"Whatever","Message":"m"}`, "Whatever: m", true, peering.OutOfTime},
		"by its code":  {400, `{"Code":"SystemBusy"}`, "SystemBusy: ", true, peering.OutOfTime},
		"throttled":    {429, `{"Code":"Anything"}`, "Anything: ", true, peering.OutOfTime},
		"control":      {400, `{"Code":"A","Message":"a\nb\u0000c"}`, "A: a b c", false, peering.Failed},
		"detail":       {403, `{"Code":"NoPermission","Message":"m","AccessDeniedDetail":["?"]}`, "NoPermission: m", false, peering.Failed},
		"long":         {400, `{"Code":"A","Message":"` + strings.Repeat("é", 400) + `"}`, "A: " + strings.Repeat("é", 256) + "…", false, peering.Failed},
		"signature":    {400, `{"Code":"SignatureDoesNotMatch","Message":"string to sign is GET&CanaryKey"}`, "SignatureDoesNotMatch: the API computed another signature: check the access key secret", false, peering.Failed},
		"a page":       {502, `<html>`, "NoConfirmation: HTTP 502 with a body that is no error of the API", true, peering.OutOfTime},
		"no code":      {400, `{"Message":"m"}`, "NoConfirmation: HTTP 400 with a body that is no error of the API", true, peering.OutOfTime},
		"a number":     {400, `{"Code":42}`, "NoConfirmation: HTTP 400 with a body that is no error of the API", true, peering.OutOfTime},
		"no words":     {400, `{"Code":"two words"}`, "NoConfirmation: HTTP 400 with a body that is no error of the API", true, peering.OutOfTime},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := session(vpcpeer.Config{Transport: says{tt.status, []byte(tt.body)}})
			_, err := s.Reject(within(t, 1010*time.Millisecond), home, peering.Rejection{ID: "pcc-one", ClientToken: "t"})
			if f := failed(t, err); f.Error() != tt.want || f.Retryable != tt.retryable || f.Class != tt.class {
				t.Errorf("got  %+v\nwant %s, retryable %t, class %v", f, tt.want, tt.retryable, tt.class)
			}
		})
	}
}

// hurried is a proxy that throttles: it speaks the API's header, not its JSON.
type hurried struct{ says }

func (h hurried) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := h.says.RoundTrip(r)
	response.Header.Set("X-Ratelimit-User-Api", "Limit:360,Remain:0,TimeLeft:17000,Reset:1")
	return response, err
}

// TestThrottledByAnybody: how long to wait is told by a header, whatever the body.
func TestThrottledByAnybody(t *testing.T) {
	t.Parallel()
	s := session(vpcpeer.Config{Transport: hurried{says{http.StatusTooManyRequests, []byte("<html>")}}})
	_, err := s.Get(within(t, 10*time.Second), home, "pcc-one")
	if f := failed(t, err); f.Code != "NoConfirmation" || f.RetryAfter != 17*time.Second {
		t.Errorf("got %+v", f)
	}
}

// TestSessionsWithoutCredentials: an AssumeRole that answers with no credentials has not assumed anything.
func TestSessionsWithoutCredentials(t *testing.T) {
	t.Parallel()
	s := session(vpcpeer.Config{Transport: says{http.StatusOK, []byte(`{"RequestId":"r","Credentials":{}}`)}})
	err := s.Assume(within(t, 1010*time.Millisecond), member)
	if f := failed(t, err); f.Code != "NoConfirmation" || f.Message != "assuming "+role+": AssumeRole answered without credentials" {
		t.Errorf("got %v", err)
	}
}

// TestWaitingForASession ends with the context: somebody else may be assuming the role until kingdom come.
func TestWaitingForASession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := session(vpcpeer.Config{Transport: mute{}})
		go func() { _ = s.Assume(within(t, time.Hour), member) }()
		synctest.Wait()
		start := time.Now()
		f := failed(t, s.Assume(within(t, 3*time.Second), member))
		if f.Class != peering.OutOfTime || time.Since(start) != 3*time.Second {
			t.Errorf("got %+v after %v", f, time.Since(start))
		}
	})
}

// TestStoppedWhileWaiting: a context that is cancelled ends the pause between two attempts.
func TestStoppedWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := session(vpcpeer.Config{Transport: says{http.StatusServiceUnavailable, []byte(`{"Code":"ServiceUnavailable"}`)}})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		start := time.Now()
		_, err := s.Get(ctx, home, "pcc-one")
		if f := failed(t, err); f.Code != "ServiceUnavailable" || f.Class != peering.OutOfTime || time.Since(start) != time.Minute {
			t.Errorf("got %+v after %v", f, time.Since(start))
		}
	})
}

// mute never answers.
type mute struct{}

func (mute) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

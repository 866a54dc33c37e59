package acs_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/acs"
	"peerguard/function/peering"
)

// TestRefusals: what the API refuses keeps its code, its request id and as much of its message as fits a line. What is not
// an error of the API is not an answer. Whether another attempt is worth it depends on the code or the status.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status    int
		body      string
		want      string // code: message
		retryable bool
		class     peering.Class
	}{
		"documented":    {400, `{"Code":"InvalidParameter","Message":"no","RequestId":"r","HostId":"h"}`, "InvalidParameter: no", false, peering.Failed},
		"gone":          {404, `{"Code":"ResourceNotFound.InstanceId","Message":"none"}`, "ResourceNotFound.InstanceId: none", false, peering.Gone},
		"dry run":       {400, `{"Code":"DryRunOperation","Message":"ok"}`, "DryRunOperation: ok", false, peering.DryRunPassed},
		"server error":  {500, `{"Code":"Whatever","Message":"m"}`, "Whatever: m", true, peering.OutOfTime},
		"by its code":   {400, `{"Code":"SystemBusy"}`, "SystemBusy: ", true, peering.OutOfTime},
		"throttled":     {429, `{"Code":"Anything"}`, "Anything: ", true, peering.OutOfTime},
		"control":       {400, `{"Code":"A","Message":"a\nb\u0000c"}`, "A: a b c", false, peering.Failed},
		"detail":        {403, `{"Code":"NoPermission","Message":"m","AccessDeniedDetail":["?"]}`, "NoPermission: m", false, peering.Forbidden},
		"long":          {400, `{"Code":"A","Message":"` + strings.Repeat("é", 400) + `"}`, "A: " + strings.Repeat("é", 256) + "…", false, peering.Failed},
		"signature":     {400, `{"Code":"SignatureDoesNotMatch","Message":"string to sign is GET&CanaryKey"}`, "SignatureDoesNotMatch: the API computed another signature: check the access key secret", false, peering.Failed},
		"a page":        {502, `<html>`, "NoConfirmation: HTTP 502 with a body that is not an error of the API", true, peering.OutOfTime},
		"no code":       {400, `{"Message":"m"}`, "NoConfirmation: HTTP 400 with a body that is not an error of the API", true, peering.OutOfTime},
		"a number":      {400, `{"Code":42}`, "NoConfirmation: HTTP 400 with a body that is not an error of the API", true, peering.OutOfTime},
		"no words":      {400, `{"Code":"two words"}`, "NoConfirmation: HTTP 400 with a body that is not an error of the API", true, peering.OutOfTime},
		"odd texts":     {400, `{"Code":"InvalidParameter","Message":{"en":"no"},"RequestId":[7]}`, "InvalidParameter: ", false, peering.Failed},
		"a secret":      {400, `{"Code":"Invalid.` + canaries.AccessKeySecret() + `"}`, "NoConfirmation: HTTP 400 with a body that is not an error of the API", true, peering.OutOfTime},
		"other letters": {400, `{"Code":"InvalidParameter","message":"no","CODE":"Throttling"}`, "InvalidParameter: ", false, peering.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newClient(acs.Config{Transport: says{tt.status, tt.body}})
				err := s.reject(within(t, time.Second), home, "pcc-one", "t")
				f := failed(t, err)
				if f.Error() != tt.want || f.Retryable != tt.retryable || f.Class != tt.class {
					t.Errorf("got  %+v\nwant %s, retryable %t, class %v", f, tt.want, tt.retryable, tt.class)
				}
				if f.Unanswered != (f.Code == "NoConfirmation") {
					t.Errorf("unanswered is %t for %s", f.Unanswered, f.Code)
				}
			})
		})
	}
}

// hurried is a proxy that throttles. It sends the API's header, but not its JSON.
type hurried struct{ says }

func (h hurried) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := h.says.RoundTrip(r)
	response.Header.Set("X-Ratelimit-User-Api", "Limit:360,Remain:0,TimeLeft:17000,Reset:1")
	return response, err
}

// TestThrottledByAnybody: a header says how long to wait, even if the body is not the API's.
func TestThrottledByAnybody(t *testing.T) {
	t.Parallel()
	s := newClient(acs.Config{Transport: hurried{says{http.StatusTooManyRequests, "<html>"}}})
	err := s.get(within(t, 10*time.Second), home)
	if f := failed(t, err); f.Code != "NoConfirmation" || f.RetryAfter != 17*time.Second {
		t.Errorf("got %+v", f)
	}
}

// TestStoppedWhileWaiting: a context that is cancelled ends the pause between two attempts.
func TestStoppedWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newClient(acs.Config{Transport: says{http.StatusServiceUnavailable, `{"Code":"ServiceUnavailable"}`}})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		start := time.Now()
		err := s.get(ctx, home)
		if f := failed(t, err); f.Code != "ServiceUnavailable" || f.Class != peering.OutOfTime || time.Since(start) != time.Minute {
			t.Errorf("got %+v after %v", f, time.Since(start))
		}
	})
}

// TestForbidden: a missing permission is reported in one of several codes, some of which continue after a dot.
func TestForbidden(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{
		"Forbidden": true, "Forbidden.RAM": true, "Forbidden.NoPermission": true, "NoPermission": true, "AccessDenied": true,
		"ForbiddenCity": false, "Throttled": false,
	} {
		s := newClient(acs.Config{Transport: says{http.StatusForbidden, `{"Code":"` + code + `"}`}})
		if got := failed(t, s.get(within(t, time.Minute), home)).Class == peering.Forbidden; got != want {
			t.Errorf("%q: %t", code, got)
		}
	}
}

// TestSTSKnowsNoConnection: the failure of AssumeRole keeps a class about permissions, but not one about a
// connection.
func TestSTSKnowsNoConnection(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]peering.Class{"ResourceNotFound.InstanceId": peering.Failed, "NoPermission": peering.Forbidden} {
		s := newClient(acs.Config{Transport: says{http.StatusForbidden, `{"Code":"` + code + `"}`}})
		if f := failed(t, s.get(within(t, time.Minute), there)); f.Class != want || !strings.Contains(f.Message, role) {
			t.Errorf("%s: got %+v, want class %v", code, f, want)
		}
	}
}

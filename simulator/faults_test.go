package simulator_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"

	"peerguard/function/peering"
	"peerguard/simulator"
)

// panicked is the error of a call that made the SDK panic.
type panicked struct{ error }

func rejectSafely(r caller) (id string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicked{errors.New("panic")}
		}
	}()
	got, err := r.reject("pcc-1", "t", false)
	if got != nil {
		id = got.RequestId
	}
	return id, err
}

// anyOf reports whether an error is one of several: a server cannot refuse a connection, it can only reset it.
func anyOf(targets ...error) func(error) bool {
	return func(err error) bool {
		return slices.ContainsFunc(targets, func(target error) bool { return errors.Is(err, target) })
	}
}

func coded(status int, code string) func(error) bool {
	return func(err error) bool {
		var e *sdkerrors.ServerError
		return errors.As(err, &e) && e.HttpStatus() == status && e.ErrorCode() == code
	}
}

func clientError(code string) func(error) bool {
	return func(err error) bool {
		var e *sdkerrors.ClientError
		return errors.As(err, &e) && e.ErrorCode() == code
	}
}

func timedOut(err error) bool {
	var e *url.Error
	return errors.As(err, &e) && e.Timeout()
}

// gaveUpReading accepts two errors: net/http names its own timeout or the context's, whichever fires first.
func gaveUpReading(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || err != nil && strings.Contains(err.Error(), "Client.Timeout")
}

func succeeded(err error) bool { return err == nil }

func panics(err error) bool { return errors.As(err, &panicked{}) }

// faultCases say what each fault looks like to a caller that rejects a pending request with the real SDK, and whether the
// request is rejected.
var faultCases = []struct {
	kind    simulator.Kind
	looks   func(error) bool
	id      bool // the answer has a RequestId
	effect  bool
	outcome string // in the record; "": the kind's name
}{
	{simulator.Throttle, coded(400, "Throttling.User"), false, false, "Throttling.User"},
	{simulator.Throttle429, coded(429, "Throttling"), false, false, "Throttling"},
	{simulator.InternalError, coded(500, "InternalError"), false, false, "InternalError"},
	{simulator.Unavailable, coded(503, "ServiceUnavailable"), false, false, "ServiceUnavailable"},
	{simulator.Refused, anyOf(syscall.ECONNREFUSED, syscall.ECONNRESET), false, false, ""},
	{simulator.ResetBefore, anyOf(syscall.ECONNRESET), false, false, ""},
	{simulator.ResetAfter, anyOf(syscall.ECONNRESET), false, true, ""},
	{simulator.Hang, timedOut, false, false, ""},
	{simulator.HangAfter, timedOut, false, true, ""},
	{simulator.SlowBody, gaveUpReading, false, true, "-"},
	{simulator.CutBody, anyOf(io.ErrUnexpectedEOF), false, true, ""},
	{simulator.Truncated, clientError("SDK.JsonUnmarshalError"), false, true, ""},
	{simulator.HTML, clientError("SDK.JsonUnmarshalError"), false, false, ""},
	{simulator.BadGateway, coded(502, ""), false, false, ""},
	{simulator.Empty, succeeded, false, false, ""},
	{simulator.ErrorObject, succeeded, true, false, "InternalError"},
	{simulator.WrongTypes, clientError("SDK.JsonUnmarshalError"), false, false, ""},
	{simulator.NumericCode, panics, false, false, ""},
	{simulator.ObjectMessage, panics, false, false, ""},
	{simulator.TextDetail, panics, false, false, ""},
	{simulator.Redirect, coded(400, "MissingAction"), false, false, ""},
	{simulator.ClockSkew, coded(400, "InvalidTimeStamp.Expired"), false, false, "InvalidTimeStamp.Expired"},
	{simulator.NonceUsed, coded(400, "SignatureNonceUsed"), false, false, "SignatureNonceUsed"},
	{simulator.TokenExpired, coded(400, "InvalidSecurityToken.Expired"), false, false, "InvalidSecurityToken.Expired"},
	{simulator.Forbidden, coded(403, "Forbidden.RAM"), false, false, "Forbidden.RAM"},
	{simulator.Conflict, coded(400, "OperationConflict"), false, false, "OperationConflict"},
	{simulator.TaskConflict, coded(400, "TaskConflict"), false, false, "TaskConflict"},
	{simulator.TokenInFlight, coded(403, "LastTokenProcessing"), false, false, "LastTokenProcessing"},
	{simulator.SystemBusy, coded(400, "SystemBusy"), false, false, "SystemBusy"},
	{simulator.WrongStatus, coded(400, "IncorrectStatus.VpcPeer"), false, false, "IncorrectStatus.VpcPeer"},
	{simulator.Vanished, coded(400, "ResourceNotFound.InstanceId"), false, false, "ResourceNotFound.InstanceId"},
	{simulator.TokenMismatch, coded(400, "IdempotentParameterMismatch"), false, false, "IdempotentParameterMismatch"},
	{simulator.LostUpdate, succeeded, true, false, "-"},
	{simulator.StaleRead, succeeded, true, true, "-"},
	{simulator.SameToken, succeeded, true, true, "-"},
	{simulator.EndlessPages, succeeded, true, true, "-"},
	{simulator.UnknownRequest, succeeded, false, true, ""},
	{simulator.EarlyEnd, succeeded, true, true, "-"},
	{simulator.MovingTotal, succeeded, true, true, "-"},
	{simulator.Overlap, succeeded, true, true, "-"},
	{simulator.APIError, coded(400, "OperationFailed"), false, false, "OperationFailed"},
	{simulator.MissingKeys, succeeded, true, true, "-"},
	{simulator.NullKeys, succeeded, true, true, "-"},
	{simulator.EchoError, coded(400, "Invalid.secret-of-ac"), false, false, ""},
	{simulator.EchoKeys, succeeded, true, true, "-"},
}

func TestFaults(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, start func(*simulator.Cloud) rig) {
		for _, tc := range faultCases {
			for _, applied := range []bool{false, true} {
				name := string(tc.kind)
				if applied {
					name += " applied"
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					c := newCloud(request("pcc-1"))
					c.Inject(simulator.Fault{Kind: tc.kind, Action: "RejectVpcPeerConnection", Count: 1, Applied: applied})
					patience := 5 * time.Second
					if slices.Contains([]simulator.Kind{simulator.Hang, simulator.HangAfter, simulator.SlowBody}, tc.kind) {
						patience = 200 * time.Millisecond
					}
					id, err := rejectSafely(start(c).as(accepterKey).patient(patience))
					if !tc.looks(err) || (id != "") != tc.id {
						t.Errorf("got error %v with request id %q", err, id)
					}
					effect := tc.effect || applied && tc.kind != simulator.LostUpdate
					if it, _ := c.Item("pcc-1"); (it.Status == peering.Rejected) != effect {
						t.Errorf("effect %t, want %t", !effect, effect)
					}
					wantFault(t, c.Calls()[0], tc.kind, tc.outcome, effect)
				})
			}
		}
	})
}

func wantFault(t *testing.T, call simulator.Call, kind simulator.Kind, outcome string, effect bool) {
	t.Helper()
	switch outcome {
	case "":
		outcome = string(kind)
	case "-":
		outcome = ""
	}
	if call.Fault != kind || call.Outcome != outcome || call.Effect != effect {
		t.Errorf("recorded %+v", call)
	}
}

func TestEveryFaultIsTested(t *testing.T) {
	t.Parallel()
	var tested []simulator.Kind
	for _, tc := range faultCases {
		tested = append(tested, tc.kind)
	}
	slices.Sort(tested)
	if !slices.Equal(tested, simulator.Kinds()) {
		t.Errorf("tested %v\nof     %v", tested, simulator.Kinds())
	}
}

func TestFaultsChooseTheirCalls(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		fault simulator.Fault
		want  string // which of ten Gets fail
	}{
		{"every call", simulator.Fault{}, "xxxxxxxxxx"},
		{"the first three", simulator.Fault{Count: 3}, "xxx......."},
		{"not the first two", simulator.Fault{Skip: 2}, "..xxxxxxxx"},
		{"every third", simulator.Fault{Every: 3}, "..x..x..x."},
		{"two, every second one, after the first", simulator.Fault{Skip: 1, Every: 2, Count: 2}, "..x.x....."},
		{"another action", simulator.Fault{Action: "RejectVpcPeerConnection"}, ".........."},
		{"this action", simulator.Fault{Action: "GetVpcPeerConnectionAttribute", Count: 1}, "x........."},
		{"another connection", simulator.Fault{Instance: "pcc-2"}, ".........."},
		{"this connection", simulator.Fault{Instance: "pcc-1", Count: 1}, "x........."},
		{"another account", simulator.Fault{Account: requester}, ".........."},
		{"this account", simulator.Fault{Account: accepter, Count: 1}, "x........."},
		{"another region", simulator.Fault{Region: away}, ".........."},
		{"this region", simulator.Fault{Region: home, Count: 1}, "x........."},
		{"certainly", simulator.Fault{Probability: 1}, "xxxxxxxxxx"},
		{"seed 1", simulator.Fault{Probability: 0.5, Seed: 1}, "x.xx..xx.x"},
		{"seed 2", simulator.Fault{Probability: 0.5, Seed: 2}, "..xxxx...."},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(request("pcc-1"))
			tc.fault.Kind = simulator.InternalError
			c.Inject(tc.fault)
			if got := tenGets(c); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
			if s := c.Stats(); s.Faults != strings.Count(tc.want, "x") {
				t.Errorf("counted %+v", s)
			}
			c.ClearFaults()
			if got := tenGets(c); got != ".........." {
				t.Errorf("after clearing: %s", got)
			}
		})
	}
}

func tenGets(c *simulator.Cloud) (pattern string) {
	for range 10 {
		if _, err := inProcess(c).as(accepterKey).get("pcc-1"); err != nil {
			pattern += "x"
		} else {
			pattern += "."
		}
	}
	return pattern
}

func TestOneFaultAtATime(t *testing.T) {
	t.Parallel()
	c := newCloud(request("pcc-1"))
	c.Inject(simulator.Fault{Kind: simulator.InternalError, Count: 1}, simulator.Fault{Kind: simulator.SystemBusy, Count: 1}, simulator.Fault{Kind: simulator.TaskConflict, Skip: 1, Count: 1})
	var got []string
	for range 5 {
		_, err := inProcess(c).as(accepterKey).get("pcc-1")
		got = append(got, code(err))
	}
	if want := []string{"InternalError", "SystemBusy", "", "TaskConflict", ""}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFaultsDoNotHideABadSignature(t *testing.T) {
	t.Parallel()
	c := newCloud()
	c.Inject(simulator.Fault{Kind: simulator.Throttle})
	_, err := inProcess(c).as(with2(accepterKey, func(k *simulator.Key) { k.Secret = "x" })).get("pcc-1")
	wantCode(t, "get", err, "SignatureDoesNotMatch")
}

func TestThrottleFaultSaysHowLongToWait(t *testing.T) {
	t.Parallel()
	for _, wait := range []time.Duration{time.Millisecond, 7 * time.Second, 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud()
			c.Inject(simulator.Fault{Kind: simulator.Throttle, For: wait})
			_, err := inProcess(c).as(accepterKey).get("pcc-1")
			if left := timeLeft(t, err); left != wait {
				t.Errorf("told to wait %v, want %v", left, wait)
			}
		})
	}
}

func TestStaleReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.Inject(simulator.Fault{Kind: simulator.StaleRead, Action: "GetVpcPeerConnectionAttribute", For: 3 * time.Second}, simulator.Fault{Kind: simulator.StaleRead, Action: "ListVpcPeerConnections", For: 3 * time.Second})
		r := inProcess(c).as(accepterKey)
		sees := func(want string) {
			t.Helper()
			one, err := r.get("pcc-1")
			got := code(err)
			if err == nil {
				got = one.Status
			}
			all, err := r.list("", 0)
			if err != nil {
				t.Fatal(err)
			}
			if all.TotalCount != len(all.VpcPeerConnects) {
				t.Errorf("TotalCount %d beside %d connections", all.TotalCount, len(all.VpcPeerConnects))
			}
			listed := "ResourceNotFound.InstanceId"
			if len(all.VpcPeerConnects) == 1 {
				listed = all.VpcPeerConnects[0].Status
			}
			if got != want || listed != want {
				t.Errorf("after %v: Get %q, List %q, want %q", time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)), got, listed, want)
			}
		}
		c.Put(with(request("pcc-1"), func(it *simulator.Item) { it.Status, it.ReadyAfter = peering.Creating, time.Second }))
		sees("ResourceNotFound.InstanceId")
		time.Sleep(3 * time.Second)
		sees("Creating")
		time.Sleep(time.Second)
		sees("Accepting")
		_, err := r.reject("pcc-1", "", false)
		wantCode(t, "reject", err, "")
		sees("Accepting")
		time.Sleep(3 * time.Second)
		sees("Rejected")
	})
}

func TestAnOldConnectionIsNotMissedByAStaleRead(t *testing.T) {
	t.Parallel()
	created := time.Now().Add(-time.Hour).UTC().Format(simulator.TimeFormat)
	c := newCloud(with(request("pcc-1"), func(it *simulator.Item) { it.GmtCreate = created }))
	c.Inject(simulator.Fault{Kind: simulator.StaleRead})
	r := inProcess(c).as(accepterKey)
	_, err := r.reject("pcc-1", "", false)
	wantCode(t, "reject", err, "")
	got, err := r.get("pcc-1")
	if err != nil || got.Status != "Accepting" {
		t.Errorf("%v, %+v", err, got)
	}
}

func TestPagesThatNeverEnd(t *testing.T) {
	t.Parallel()
	for kind, different := range map[simulator.Kind]int{simulator.SameToken: 1, simulator.EndlessPages: 5} {
		c := newCloud(many(3)...)
		c.Inject(simulator.Fault{Kind: kind})
		tokens := map[string]bool{}
		next := ""
		for range 5 {
			got, err := inProcess(c).as(accepterKey).list(next, 2)
			if err != nil || len(got.VpcPeerConnects) != 2 || got.NextToken == "" {
				t.Fatalf("%s: %v, %+v", kind, err, got)
			}
			next = got.NextToken
			tokens[next] = true
		}
		if len(tokens) != different {
			t.Errorf("%s: %d tokens", kind, len(tokens))
		}
	}
}

func TestLostUpdateRemembersItsToken(t *testing.T) {
	t.Parallel()
	c := newCloud(request("pcc-1"))
	c.Inject(simulator.Fault{Kind: simulator.LostUpdate, Action: "RejectVpcPeerConnection", Count: 1})
	r := inProcess(c).as(accepterKey)
	for _, step := range []struct {
		token string
		after peering.Status
	}{{"t", peering.Accepting}, {"t", peering.Accepting}, {"u", peering.Rejected}} {
		_, err := r.reject("pcc-1", step.token, false)
		wantCode(t, step.token, err, "")
		wantStatus(t, c, "pcc-1", step.after)
	}
}

func TestLostCreate(t *testing.T) {
	t.Parallel()
	c := newCloud()
	c.Inject(simulator.Fault{Kind: simulator.LostUpdate})
	got, err := inProcess(c).as(requesterKey).in(away).create(nil)
	if err != nil || got.InstanceId == "" || len(c.Items()) != 0 {
		t.Errorf("%v, %+v, %d connections", err, got, len(c.Items()))
	}
}

func TestHangEndsWithTheCallersPatience(t *testing.T) {
	t.Parallel()
	for _, kind := range []simulator.Kind{simulator.Hang, simulator.HangAfter, simulator.SlowBody} {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud(request("pcc-1"))
			c.Inject(simulator.Fault{Kind: kind})
			start := time.Now()
			if _, err := inProcess(c).as(accepterKey).get("pcc-1"); err == nil {
				t.Errorf("%s: no error", kind)
			}
			if d := time.Since(start); d != 10*time.Second {
				t.Errorf("%s: took %v", kind, d)
			}
		})
	}
}

func TestACanceledRequestIsNotSent(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the invocation is over")
	cancel(why)
	c := newCloud()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://h/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.RoundTrip(req)
	if err == nil {
		resp.Body.Close()
	}
	if !errors.Is(err, why) || c.Stats().Calls != 0 {
		t.Errorf("got %v after %d calls", err, c.Stats().Calls)
	}
}

func TestSlowBodyArrives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(request("pcc-1"))
		c.Inject(simulator.Fault{Kind: simulator.SlowBody, For: 4 * time.Second})
		start := time.Now()
		got, err := inProcess(c).as(accepterKey).get("pcc-1")
		if err != nil || got.InstanceId != "pcc-1" {
			t.Fatalf("%v, %+v", err, got)
		}
		if d := time.Since(start); d < 3*time.Second || d > 5*time.Second {
			t.Errorf("took %v", d)
		}
	})
}

func TestSlowBodyArrivesFromAServer(t *testing.T) {
	t.Parallel()
	c := newCloud(request("pcc-1"))
	c.Inject(simulator.Fault{Kind: simulator.SlowBody, For: 40 * time.Millisecond})
	got, err := overLoopback(t, c).as(accepterKey).get("pcc-1")
	if err != nil || got.InstanceId != "pcc-1" {
		t.Errorf("%v, %+v", err, got)
	}
}

func TestRedirectLeaksNothing(t *testing.T) {
	t.Parallel()
	c := newCloud()
	c.Inject(simulator.Fault{Kind: simulator.Redirect, Count: 1})
	w := rawGet(time.Now())
	maps.Copy(w.query, w.form)
	w.form = nil
	q := url.Values{"Signature": {w.signature()}}
	for k, v := range w.query {
		q.Set(k, v)
	}
	req, err := http.NewRequest(http.MethodPost, "https://h/?"+q.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 302 || resp.Header.Get("Location") != "/redirected" {
		t.Errorf("%d to %q", resp.StatusCode, resp.Header.Get("Location"))
	}
}

func TestInjectPanicsOnAnUnknownFault(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	(&simulator.Cloud{}).Inject(simulator.Fault{Kind: "earthquake"})
}

// TestAnyErrorOfTheAPI injects codes that public bug reports name, with their statuses.
func TestAnyErrorOfTheAPI(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status int
		code   string
	}{
		{400, "IdempotentFailed"},
		{403, "IdempotentProcessing"},
		{400, "OperationFailed.DistibuteLock"},
		{400, "OperationFailed.LastTokenProcessing"},
		{400, "Rejected.Throttling"},
		{400, "ServiceUnAvailable"},
		{503, "Busy"},
	} {
		c := newCloud(request("pcc-1"))
		c.Inject(simulator.Fault{Kind: simulator.APIError, Code: tc.code, Status: tc.status})
		_, err := inProcess(c).as(accepterKey).reject("pcc-1", "t", false)
		if !coded(tc.status, tc.code)(err) {
			t.Errorf("got %v, want %d %s", err, tc.status, tc.code)
		}
		wantFault(t, c.Calls()[0], simulator.APIError, tc.code, false)
	}
}

func TestAFaultCanHaveAnotherCodeAndStatus(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		fault  simulator.Fault
		status int
		code   string
	}{
		{simulator.Fault{Kind: simulator.InternalError, Status: 502}, 502, "InternalError"},
		{simulator.Fault{Kind: simulator.SystemBusy, Code: "Busy"}, 400, "Busy"},
		{simulator.Fault{Kind: simulator.Throttle, Code: "Rejected.Throttling", Status: 503}, 503, "Rejected.Throttling"},
		{simulator.Fault{Kind: simulator.HTML, Status: 403}, 403, ""}, // as a firewall refuses a request
		{simulator.Fault{Kind: simulator.HTML, Status: 405}, 405, ""},
	} {
		c := newCloud(request("pcc-1"))
		c.Inject(tc.fault)
		if _, err := inProcess(c).as(accepterKey).get("pcc-1"); !coded(tc.status, tc.code)(err) {
			t.Errorf("%v: got %v, want %d %q", tc.fault, err, tc.status, tc.code)
		}
	}
}

// TestPartitionsThatHang lets one account hang in one region, while its other regions and other accounts answer.
func TestPartitionsThatHang(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := withRole(newCloud(request("pcc-1")))
		c.Inject(simulator.Fault{Kind: simulator.Hang, Account: requester, Region: away})
		s, err := inProcess(c).as(accepterKey).assume(nil)
		if err != nil {
			t.Fatal(err)
		}
		session := simulator.Key{ID: s.Credentials.AccessKeyId, Secret: s.Credentials.AccessKeySecret, Token: s.Credentials.SecurityToken}
		for _, tc := range []struct {
			key    simulator.Key
			region string
			hangs  bool
		}{
			{accepterKey, away, false}, {requesterKey, home, false}, {session, home, false},
			{requesterKey, away, true}, {session, away, true},
		} {
			start := time.Now()
			_, err := inProcess(c).as(tc.key).in(tc.region).patient(time.Hour).list("", 0)
			if timedOut(err) != tc.hangs || (time.Since(start) == time.Hour) != tc.hangs {
				t.Errorf("%s in %s: %v after %v", tc.key.ID, tc.region, err, time.Since(start))
			}
		}
	})
}

func TestMissingAndNullKeys(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		fault simulator.Fault
		get   string
		list  string
	}{
		{"facts", simulator.Fault{Kind: simulator.MissingKeys},
			`{"AcceptingRegionId":"cn-shanghai","Status":"Accepting"}`,
			`{"VpcPeerConnects":[{"AcceptingRegionId":"cn-shanghai","Status":"Accepting"}]}`},
		{"one key", simulator.Fault{Kind: simulator.MissingKeys, Keys: "Status"},
			`{"AcceptingRegionId":"cn-shanghai","AcceptingVpc":{"Ipv4Cidrs":[]},"RegionId":"cn-hangzhou","Vpc":{"Ipv4Cidrs":["10.1.0.0/16"]}}`,
			`{"VpcPeerConnects":[{"AcceptingRegionId":"cn-shanghai","AcceptingVpc":{"Ipv4Cidrs":[]},"RegionId":"cn-hangzhou","Vpc":{"Ipv4Cidrs":["10.1.0.0/16"]}}]}`},
		{"a path", simulator.Fault{Kind: simulator.MissingKeys, Keys: "Vpc.Ipv4Cidrs,RegionId,AcceptingRegionId,Status"},
			`{"AcceptingVpc":{"Ipv4Cidrs":[]},"Vpc":{}}`,
			`{"VpcPeerConnects":[{"AcceptingVpc":{"Ipv4Cidrs":[]},"Vpc":{}}]}`},
		{"the list", simulator.Fault{Kind: simulator.MissingKeys, Keys: "VpcPeerConnects,AcceptingVpc,Vpc,RegionId"},
			`{"AcceptingRegionId":"cn-shanghai","Status":"Accepting"}`, `{}`},
		{"a null list", simulator.Fault{Kind: simulator.NullKeys},
			`{"AcceptingRegionId":"cn-shanghai","AcceptingVpc":{"Ipv4Cidrs":[]},"RegionId":"cn-hangzhou","Status":"Accepting","Vpc":{"Ipv4Cidrs":["10.1.0.0/16"]}}`,
			`{"VpcPeerConnects":null}`},
		{"null facts", simulator.Fault{Kind: simulator.NullKeys, Keys: "Vpc,AcceptingVpc,Status,AcceptingRegionId,RegionId"},
			`{"AcceptingRegionId":null,"AcceptingVpc":null,"RegionId":null,"Status":null,"Vpc":null}`,
			`{"VpcPeerConnects":[{"AcceptingRegionId":null,"AcceptingVpc":null,"RegionId":null,"Status":null,"Vpc":null}]}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(with(request("pcc-1"), func(it *simulator.Item) { it.OwnerID = 9007199254740993 }))
			c.Inject(tc.fault)
			r := inProcess(c).as(accepterKey)
			one, err := r.get("pcc-1")
			wantCode(t, "get", err, "")
			all, err := r.list("", 0)
			wantCode(t, "list", err, "")
			if all.TotalCount != 1 || one.OwnerId != 9007199254740993 {
				t.Errorf("TotalCount %d, OwnerId %d", all.TotalCount, one.OwnerId)
			}
			if got := facts(t, one.GetHttpContentBytes()); got != tc.get {
				t.Errorf("Get shows  %s\nwant       %s", got, tc.get)
			}
			if got := facts(t, all.GetHttpContentBytes()); got != tc.list {
				t.Errorf("List shows %s\nwant       %s", got, tc.list)
			}
		})
	}
}

// facts returns an answer as JSON with sorted keys, of which only those that matter here are left.
func facts(t *testing.T, body []byte) string {
	t.Helper()
	kept := []string{"VpcPeerConnects", "Vpc", "AcceptingVpc", "Ipv4Cidrs", "RegionId", "AcceptingRegionId", "Status"}
	var keep func(v any)
	keep = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			maps.DeleteFunc(v, func(key string, _ any) bool { return !slices.Contains(kept, key) })
			for _, value := range v {
				keep(value)
			}
		case []any:
			for _, value := range v {
				keep(value)
			}
		}
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	keep(v)
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAListEndsEarly(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ there, max, shown int }{{10, 4, 2}, {3, 100, 1}, {1, 100, 0}, {0, 100, 0}} {
		c := newCloud(many(tc.there)...)
		c.Inject(simulator.Fault{Kind: simulator.EarlyEnd})
		got, err := inProcess(c).as(accepterKey).list("", tc.max)
		if err != nil || got.NextToken != "" || len(got.VpcPeerConnects) != tc.shown || got.TotalCount != tc.there {
			t.Errorf("%d connections in pages of %d: %v, %+v", tc.there, tc.max, err, got)
		}
	}
}

func TestPagesOverlap(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]string{
		1: "0 1 2 3 4",
		2: "0 1 1 2 2 3 3 4",
		4: "0 1 2 3 3 4",
		5: "0 1 2 3 4",
	} {
		c := newCloud(many(5)...)
		c.Inject(simulator.Fault{Kind: simulator.Overlap})
		var got []string
		for next, page := "", 0; page == 0 || next != ""; page++ {
			resp, err := inProcess(c).as(accepterKey).list(next, size)
			if err != nil || page > 10 {
				t.Fatalf("pages of %d: page %d, %v", size, page, err)
			}
			next = resp.NextToken
			for _, id := range ids(resp) {
				got = append(got, strings.TrimPrefix(id, "pcc-000"))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("pages of %d: got %q, want %q", size, got, want)
		}
	}
}

// TestEchoes: each form of the caller's secrets is somewhere in what it is answered.
func TestEchoes(t *testing.T) {
	t.Parallel()
	token := sessionKey.Token // token/of+session==
	forms := []string{token, "token/of+ses", "of+session==", "token%2fof%2bsession%3d%3d"}
	c := newCloud(request("pcc-1"))
	c.Inject(simulator.Fault{Kind: simulator.EchoError, Action: "RejectVpcPeerConnection"}, simulator.Fault{Kind: simulator.EchoKeys})
	r := inProcess(c).as(sessionKey)
	_, err := r.reject("pcc-1", "t", false)
	var e *sdkerrors.ServerError
	if !errors.As(err, &e) || e.ErrorCode() != "Invalid.secret-of-" || e.RequestId() != forms[3] || e.Recommend() != forms[2] {
		t.Fatalf("got %v", err)
	}
	for _, form := range append(forms, sessionKey.ID, sessionKey.Secret) {
		if !strings.Contains(e.Message(), form) {
			t.Errorf("%q is not in the message %q", form, e.Message())
		}
	}
	got, err := r.get("pcc-1")
	if err != nil || got.InstanceId != "pcc-1" || got.Status != "Accepting" || got.OwnerId != 2222222222222222 {
		t.Fatalf("%v, %+v", err, got)
	}
	shown := strings.Join(slices.Concat(got.Vpc.Ipv4Cidrs, got.AcceptingVpc.Ipv4Cidrs, []string{got.Vpc.VpcId, got.AcceptingVpc.VpcId}), " ")
	for _, form := range forms {
		if !strings.Contains(shown, form) {
			t.Errorf("%q is not among the facts %q", form, shown)
		}
	}
}

package simulator_test

import (
	"context"
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

func TestThrottleFaultSaysHowLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.Inject(simulator.Fault{Kind: simulator.Throttle, For: 7 * time.Second})
		_, err := inProcess(c).as(accepterKey).get("pcc-1")
		if left := timeLeft(t, err); left != 7*time.Second {
			t.Errorf("%v left", left)
		}
	})
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

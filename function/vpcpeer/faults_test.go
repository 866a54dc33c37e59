package vpcpeer_test

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/peering"
	"peerguard/function/vpcpeer"
	"peerguard/simulator"
	"peerguard/simulator/platform"
)

type expectation struct {
	retried bool
	code    string
	few     bool // it is tried three times at most
}

// faults lists everything that can go wrong with a call: whether it is worth a retry, and the code of the failure if it
// never ends.
var faults = map[simulator.Kind]expectation{
	simulator.Throttle:       {true, "Throttling.User", false},
	simulator.Throttle429:    {true, "Throttling", false},
	simulator.InternalError:  {true, "InternalError", false},
	simulator.Unavailable:    {true, "ServiceUnavailable", false},
	simulator.Refused:        {true, "NetworkError", false},
	simulator.ResetBefore:    {true, "NetworkError", false},
	simulator.ResetAfter:     {true, "NetworkError", false},
	simulator.Hang:           {true, "Timeout", false},
	simulator.HangAfter:      {true, "Timeout", false},
	simulator.SlowBody:       {true, "Timeout", false},
	simulator.CutBody:        {true, "NetworkError", false},
	simulator.Truncated:      {true, "NoConfirmation", false},
	simulator.HTML:           {true, "NoConfirmation", false},
	simulator.BadGateway:     {true, "NoConfirmation", false},
	simulator.Empty:          {true, "NoConfirmation", false},
	simulator.ErrorObject:    {true, "NoConfirmation", false},
	simulator.WrongTypes:     {true, "NoConfirmation", false},
	simulator.NumericCode:    {true, "NoConfirmation", true}, // not an error of the API
	simulator.ObjectMessage:  {false, "InvalidParameter", false},
	simulator.TextDetail:     {false, "NoPermission", false},
	simulator.Redirect:       {true, "NetworkError", false},
	simulator.UnknownRequest: {true, "NoConfirmation", false},
	simulator.NonceUsed:      {true, "SignatureNonceUsed", false},
	simulator.Conflict:       {true, "OperationConflict", false},
	simulator.TaskConflict:   {true, "TaskConflict", false},
	simulator.TokenInFlight:  {true, "LastTokenProcessing", false},
	simulator.SystemBusy:     {true, "SystemBusy", false},
	simulator.ClockSkew:      {false, "InvalidTimeStamp.Expired", false},
	simulator.TokenExpired:   {false, "InvalidSecurityToken.Expired", false},
	simulator.Forbidden:      {false, "Forbidden.RAM", false},
	simulator.WrongStatus:    {false, "IncorrectStatus.VpcPeer", false},
	simulator.Vanished:       {false, "ResourceNotFound.InstanceId", false},
	simulator.TokenMismatch:  {false, "IdempotentParameterMismatch", false},
	simulator.APIError:       {false, "OperationFailed", false},
}

// expected returns the row of the table, except for the one code that STS spells differently.
func expected(action string, kind simulator.Kind) expectation {
	if action == "AssumeRole" && kind == simulator.Forbidden {
		return expectation{code: "NoPermission"}
	}
	return faults[kind]
}

// elsewhere lists the faults that other tests cover: they look like success, or are about lists (see TestListsThatDoNotEnd).
var elsewhere = map[simulator.Kind]bool{
	simulator.LostUpdate: true, simulator.StaleRead: true,
	simulator.SameToken: true, simulator.EndlessPages: true, simulator.Overlap: true, simulator.EarlyEnd: true, simulator.MovingTotal: true,
	simulator.MissingKeys: true, simulator.NullKeys: true, // facts and lists that are missing
	simulator.EchoError: true, simulator.EchoKeys: true, // what an answer repeats
}

// calls are the four calls of the API, each as the guard makes it.
var calls = map[string]func(t *testing.T, s *vpcpeer.Client, within time.Duration) error{
	"GetVpcPeerConnectionAttribute": func(t *testing.T, s *vpcpeer.Client, d time.Duration) error {
		_, err := s.Get(within(t, d), home, "pcc-one")
		return err
	},
	"ListVpcPeerConnections": func(t *testing.T, s *vpcpeer.Client, d time.Duration) error {
		_, err := s.List(home)(within(t, d))
		return err
	},
	"RejectVpcPeerConnection": func(t *testing.T, s *vpcpeer.Client, d time.Duration) error {
		_, err := s.Reject(within(t, d), home, peering.Rejection{ID: "pcc-one", ClientToken: "event-1"})
		return err
	},
	"AssumeRole": func(t *testing.T, s *vpcpeer.Client, d time.Duration) error {
		_, err := s.Get(within(t, d), peering.Partition{Account: member, Region: "cn-shanghai"}, "pcc-two")
		return err
	},
}

func TestEveryFaultIsKnown(t *testing.T) {
	t.Parallel()
	for _, kind := range simulator.Kinds() {
		if _, known := faults[kind]; !known && !elsewhere[kind] {
			t.Errorf("fault %s has no expectation", kind)
		}
	}
}

// TestFaultsThatEnd: a call survives a fault that occurs twice if it is worth a retry, and fails at once if not.
func TestFaultsThatEnd(t *testing.T) {
	t.Parallel()
	everyFault(t, func(t *testing.T, action string, kind simulator.Kind) {
		w := newWorld(t)
		w.Put(pending("pcc-one", 1111111111111111), pending("pcc-two", 9999999999999999))
		w.Inject(simulator.Fault{Kind: kind, Action: action, Count: 2})
		err := calls[action](t, w.client, 2*time.Minute)
		n := w.Stats().ByAction[action]
		switch want := expected(action, kind); {
		case want.retried && (err != nil || n != 3):
			t.Errorf("got %v after %d calls, want success at the third", err, n)
		case !want.retried && (failed(t, err).Code != want.code || failed(t, err).Retryable || n != 1):
			t.Errorf("got %v after %d calls, want %s at once", err, n, want.code)
		}
		if action == "RejectVpcPeerConnection" && w.Stats().Effects > 1 {
			t.Errorf("%d effects", w.Stats().Effects)
		}
		for _, call := range w.Calls() {
			if call.Action == "RejectVpcPeerConnection" && call.ClientToken != "event-1" {
				t.Errorf("a retry changed the client token to %q", call.ClientToken)
			}
		}
		leakFree(t, w, err)
	})
}

// TestFaultsThatLast: a call that never succeeds ends two seconds before the platform's deadline (one before the context's,
// which is a second earlier), and its failure keeps the code of the cause.
func TestFaultsThatLast(t *testing.T) {
	t.Parallel()
	everyFault(t, func(t *testing.T, action string, kind simulator.Kind) {
		w := newWorld(t)
		w.Put(pending("pcc-one", 1111111111111111), pending("pcc-two", 9999999999999999))
		w.Inject(simulator.Fault{Kind: kind, Action: action})
		const given = 59 * time.Second
		start := time.Now()
		f := failed(t, calls[action](t, w.client, given))
		took := time.Since(start)
		want := expected(action, kind)
		lasts := want.retried && !want.few
		if f.Code != want.code && f.Code != "DeadlineExceeded" || f.Retryable != lasts {
			t.Errorf("got %+v, want code %s, retryable %t", f, want.code, lasts)
		}
		if (f.Class == peering.OutOfTime) != lasts {
			t.Errorf("got class %v, want out of time: %t", f.Class, lasts)
		}
		if n := w.Stats().ByAction[action]; want.few && n != 3 {
			t.Errorf("%d calls, want three", n)
		}
		if f.Unanswered != slices.Contains([]string{"NetworkError", "Timeout", "NoConfirmation"}, want.code) {
			t.Errorf("got %+v: unanswered is %t", f, f.Unanswered)
		}
		if took > given {
			t.Errorf("took %v, more than the %v that were given", took, given)
		}
		for _, call := range w.Calls() {
			if started := call.Time.Sub(start); started > given-time.Second {
				t.Errorf("a call began %v in, less than a second before the deadline", started)
			}
		}
		leakFree(t, w, f)
	})
}

func everyFault(t *testing.T, check func(t *testing.T, action string, kind simulator.Kind)) {
	t.Helper()
	for action := range calls {
		for kind := range faults {
			t.Run(action+"/"+string(kind), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { check(t, action, kind) })
			})
		}
	}
}

var signature = regexp.MustCompile(`Signature=[A-Za-z0-9]`)

// leakFree fails the test if an error holds a secret or a signature.
func leakFree(t *testing.T, w *world, err error) {
	t.Helper()
	if err == nil {
		return
	}
	text := err.Error()
	if leaks := platform.Leaks(text); leaks != nil {
		t.Errorf("the error holds the %v: %s", leaks, text)
	}
	for _, secret := range w.Secrets() {
		for _, form := range []string{secret, url.QueryEscape(secret)} {
			if strings.Contains(text, form) {
				t.Errorf("the error holds a secret: %s", text)
			}
		}
	}
	if signature.MatchString(text) {
		t.Errorf("the error holds a signature: %s", text)
	}
}

package handler_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"peerguard/function/fc"
	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/simulator"
	"peerguard/simulator/platform"
)

// ending is how an invocation about one unknown pending request ends when one of its calls goes wrong.
type ending struct {
	outcome guard.Outcome // of the request; "" when it was not seen
	calls   int           // of the action that goes wrong; many: more than two
	broken  bool          // its partition could not be listed to the end
}

// endings are the endings under a fault that happens once, and under one that does not stop.
type endings struct{ once, ever ending }

const many = -1

var (
	survived = endings{ending{guard.Rejected, 2, false}, ending{guard.Failed, many, false}} // worth another attempt
	refused  = endings{ending{guard.Failed, 1, false}, ending{guard.Failed, 1, false}}      // not worth one
	unharmed = endings{ending{guard.Rejected, 1, false}, ending{guard.Rejected, 1, false}}  // the fault does not affect this action

	// A refusal that does not come from the API: three calls in all.
	blamed     = endings{survived.once, ending{guard.Failed, 3, false}}
	listBlamed = endings{survived.once, ending{"", 3, true}}

	listSurvived = endings{survived.once, ending{"", many, true}}
	listRepeated = endings{survived.once, ending{"", 2, true}} // a list that is not complete is read again once
	listRefused  = endings{ending{"", 1, true}, ending{"", 1, true}}
	listUnseen   = endings{ending{"", 1, false}, ending{"", 1, false}}

	// The API contradicts itself: it shows a pending request and refuses to reject it. The request is read again, and given
	// up after seven attempts.
	contradicted = endings{survived.once, ending{guard.Failed, 7, false}}
	denied       = endings{survived.once, ending{guard.Closed, many, false}}                   // there is no such connection
	substituted  = endings{survived.once, ending{guard.Failed, 3, false}}                      // two other tokens are tried
	believed     = endings{ending{guard.Rejected, 1, false}, ending{guard.Rejected, 1, false}} // a lie that the next sweep finds out
)

// faults says how an invocation ends under each fault of each call.
var faults = map[simulator.Kind]struct{ get, list, reject, role endings }{
	simulator.Throttle:       {survived, listSurvived, survived, survived},
	simulator.Throttle429:    {survived, listSurvived, survived, survived},
	simulator.InternalError:  {survived, listSurvived, survived, survived},
	simulator.Unavailable:    {survived, listSurvived, survived, survived},
	simulator.Refused:        {survived, listSurvived, survived, survived},
	simulator.ResetBefore:    {survived, listSurvived, survived, survived},
	simulator.ResetAfter:     {survived, listSurvived, survived, survived},
	simulator.Hang:           {survived, listSurvived, survived, survived},
	simulator.HangAfter:      {survived, listSurvived, survived, survived},
	simulator.SlowBody:       {survived, listSurvived, survived, survived},
	simulator.CutBody:        {survived, listSurvived, survived, survived},
	simulator.Truncated:      {survived, listSurvived, survived, survived},
	simulator.HTML:           {survived, listSurvived, survived, survived},
	simulator.BadGateway:     {survived, listSurvived, survived, survived},
	simulator.Empty:          {survived, listSurvived, survived, survived},
	simulator.ErrorObject:    {survived, listSurvived, survived, survived},
	simulator.WrongTypes:     {survived, listSurvived, survived, survived},
	simulator.NumericCode:    {survived, listSurvived, survived, survived},
	simulator.ObjectMessage:  {refused, listRefused, refused, refused},
	simulator.TextDetail:     {refused, listRefused, refused, refused},
	simulator.Redirect:       {survived, listSurvived, survived, survived},
	simulator.UnknownRequest: {survived, listSurvived, survived, survived},
	simulator.NonceUsed:      {survived, listSurvived, survived, survived},
	simulator.Conflict:       {survived, listSurvived, survived, survived},
	simulator.TaskConflict:   {survived, listSurvived, survived, survived},
	simulator.TokenInFlight:  {survived, listSurvived, survived, survived},
	simulator.SystemBusy:     {survived, listSurvived, survived, survived},
	simulator.ClockSkew:      {refused, listRefused, refused, refused},
	simulator.TokenExpired:   {refused, listRefused, refused, refused},
	simulator.Forbidden:      {refused, listRefused, refused, refused},
	simulator.WrongStatus:    {refused, listRefused, contradicted, refused},
	simulator.Vanished:       {denied, listRefused, contradicted, refused},
	simulator.TokenMismatch:  {refused, listRefused, substituted, refused},
	simulator.LostUpdate:     {unharmed, unharmed, believed, unharmed},
	simulator.StaleRead:      {denied, listUnseen, unharmed, unharmed},
	simulator.SameToken:      {unharmed, endings{survived.once, ending{guard.Rejected, 2, true}}, unharmed, unharmed},
	simulator.APIError:       {refused, listRefused, refused, refused},
	simulator.MissingKeys:    {unharmed, unharmed, unharmed, unharmed},
	simulator.NullKeys:       {unharmed, listRepeated, unharmed, unharmed},
	simulator.EarlyEnd:       {unharmed, listRepeated, unharmed, unharmed},
	simulator.MovingTotal:    {unharmed, unharmed, unharmed, unharmed},
	simulator.Overlap:        {unharmed, unharmed, unharmed, unharmed},
	simulator.EchoError:      {blamed, listBlamed, blamed, blamed},
	simulator.EchoKeys:       {unharmed, unharmed, unharmed, unharmed},
	simulator.EndlessPages:   {unharmed, endings{survived.once, ending{guard.Rejected, many, true}}, unharmed, unharmed},
}

// trial is a call that goes wrong, and the payload that leads to it.
type trial struct {
	action   string
	instance string // of the connection that the payload is about
	token    string // of its rejection
	payload  string
	of       func(simulator.Kind) endings
}

var trials = []trial{
	{"GetVpcPeerConnectionAttribute", "pcc-one", "event-1", announced("pcc-one", platform.Account), func(k simulator.Kind) endings { return faults[k].get }},
	{"ListVpcPeerConnections", "pcc-one", hash("sweep\nT\npcc-one"), `{"triggerTime":"T","triggerName":"each-minute","payload":"{\"accounts\":[\"` + platform.Account + `\"]}"}`, func(k simulator.Kind) endings { return faults[k].list }},
	{"RejectVpcPeerConnection", "pcc-one", "event-1", announced("pcc-one", platform.Account), func(k simulator.Kind) endings { return faults[k].reject }},
	{"AssumeRole", "pcc-two", "event-1", announced("pcc-two", "9999999999999999"), func(k simulator.Kind) endings { return faults[k].role }},
}

func announced(id, accepter string) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":"event-1","source":"acs.vpcpeer","type":"vpcpeer:ActionTrail:ApiCall","data":{"eventName":"CreateVpcPeerConnection",
		"requestParameters":{"AcceptingAliUid":%q,"AcceptingRegionId":"cn-shanghai"},"responseElements":{"InstanceId":%q}}}`, accepter, id)
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// TestFaults: for each fault of each call the request ends as the table says, the invocation fails if the request is not
// resolved, the log agrees, and the request is not rejected twice. Error codes and the times of attempts are tested in
// the room that makes the calls.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, kind := range simulator.Kinds() {
		if _, known := faults[kind]; !known {
			t.Errorf("fault %s has no row", kind)
		}
	}
	for _, trial := range trials {
		for kind := range faults {
			for how, end := range map[string]ending{"once": trial.of(kind).once, "ever": trial.of(kind).ever} {
				t.Run(trial.action+"/"+string(kind)+"/"+how, func(t *testing.T) {
					t.Parallel()
					fault := simulator.Fault{Kind: kind, Action: trial.action}
					if how == "once" {
						fault.Count = 1
					}
					if kind == simulator.StaleRead {
						fault.For = 10 * time.Second // longer than the guard waits for a connection to appear
					}
					synctest.Test(t, func(t *testing.T) { trial.run(t, fault, end) })
				})
			}
		}
	}
}

func (tr trial) run(t *testing.T, fault simulator.Fault, want ending) {
	t.Helper()
	w := newWorld(t, fstest.MapFS{"policy.yaml": {Data: []byte(`version: 1
mode: enforce
guard: {regions: [cn-shanghai], accounts: [{role: "acs:ram::9999999999999999:role/peerguard"}]}
allow: []
`)}}, zerolog.TraceLevel)
	for _, item := range w.Items() {
		w.Remove(item.InstanceID)
	}
	w.AddRole(simulator.Role{ARN: "acs:ram::9999999999999999:role/peerguard", TrustedAccounts: []peering.Account{platform.Account}})
	w.Put(foreign("pcc-one", 1111111111111111), foreign("pcc-two", 9999999999999999))
	w.Inject(fault)
	report, failed := w.invoke(t, tr.payload)

	checkOutcome(t, report, want)
	checkAnswer(t, tr, report, failed, want)
	checkLog(t, w, report, failed)
	tr.checkCalls(t, w, fault, want)
	for _, secret := range w.Secrets() {
		if text := w.logged.buf.String(); strings.Contains(text, secret) {
			t.Errorf("the log holds a secret: %s", text)
		}
	}
}

func foreign(id string, accepter int64) simulator.Item {
	return simulator.Item{
		InstanceID: id, OwnerID: 6666666666666666, RegionID: "cn-hangzhou", VPC: simulator.VPC{VpcID: "vpc-a"},
		AcceptingOwnerUID: accepter, AcceptingRegionID: "cn-shanghai", AcceptingVPC: simulator.VPC{VpcID: "vpc-b"}, Status: peering.Accepting,
	}
}

func checkOutcome(t *testing.T, report *guard.Report, want ending) {
	t.Helper()
	for outcome, n := range report.Counts {
		switch {
		case outcome == want.outcome && n == 0:
			t.Fatalf("counts %v, want one %s", report.Counts, want.outcome)
		case outcome != want.outcome && n > 0 && (outcome != guard.Closed || report.Trigger == guard.TriggerEvent): // repeated pages show connections that are closed by then
			t.Fatalf("%d %s, want %q alone", n, outcome, want.outcome)
		}
	}
	if broken := slices.ContainsFunc(report.Partitions, func(v guard.Visit) bool { return v.Error != nil }); broken != want.broken {
		t.Fatalf("partitions %+v, want a broken one: %t", report.Partitions, want.broken)
	}
}

// checkAnswer: the invocation fails exactly if something was left undone, and its error says what.
func checkAnswer(t *testing.T, tr trial, report *guard.Report, failed *fc.Error, want ending) {
	t.Helper()
	if want.outcome != guard.Failed && !want.broken {
		if failed != nil {
			t.Errorf("failed as %+v, want success", failed)
		}
		return
	}
	told := "1 of 1 connections unresolved: " + tr.instance + ": "
	if want.broken {
		told = " connections unresolved, 1 of 1 partitions failed: listing 1111111111111111 in cn-shanghai: " + report.Partitions[0].Error.Code + ": "
	} else {
		told += report.Connections[0].Error.Code + ": "
	}
	if failed == nil || failed.Type != fc.Unresolved || !strings.Contains(failed.Message, told) {
		t.Fatalf("failed as %+v, want %s: …%s…", failed, fc.Unresolved, told)
	}
	if tr.action == "AssumeRole" && !strings.Contains(failed.Message, "assuming acs:ram::9999999999999999:role/peerguard: ") {
		t.Errorf("the message does not say what could not be done: %s", failed.Message)
	}
}

// checkLog: there is a line for each decision and one for the report, each at the level that its content calls for.
func checkLog(t *testing.T, w *world, report *guard.Report, failed *fc.Error) {
	t.Helper()
	levels := map[guard.Outcome]string{guard.Failed: "error", guard.Rejected: "warn", guard.Closed: "debug"}
	decisions := w.logged.parsed(t, "decision")
	total := 0
	for _, n := range report.Counts {
		total += n
	}
	if len(decisions) != total {
		t.Errorf("%d decisions were logged, %d made", len(decisions), total)
	}
	for _, line := range decisions {
		if outcome := guard.Outcome(fmt.Sprint(line["outcome"])); line["level"] != levels[outcome] || (line["error_code"] != nil) != (outcome == guard.Failed) {
			t.Errorf("logged %v", line)
		}
		if code := line["error_code"]; code != nil && code != report.Connections[0].Error.Code {
			t.Errorf("logged code %v, reported %s", code, report.Connections[0].Error.Code)
		}
	}
	level := "info"
	if failed != nil {
		level = "error"
	}
	if reports := w.logged.parsed(t, "report"); len(reports) != 1 || reports[0]["level"] != level {
		t.Errorf("logged %v, want one report at level %s", reports, level)
	}
}

// checkCalls: there are as many attempts as the table says. All rejections together have one effect and one token, plus the
// substitute if the token was taken, plus a random one if the substitute was taken as well.
func (tr trial) checkCalls(t *testing.T, w *world, fault simulator.Fault, want ending) {
	t.Helper()
	n := w.Stats().ByAction[tr.action]
	if n != want.calls && (want.calls != many || n < 3) {
		t.Errorf("%d calls of %s, want %d", n, tr.action, want.calls)
	}
	tokens := []string{tr.token}
	if fault.Kind == simulator.TokenMismatch && fault.Action == "RejectVpcPeerConnection" {
		tokens = append(tokens, hash(tr.token+"\n"+tr.instance))
	}
	if fault.Kind == simulator.TokenMismatch && fault.Count == 0 && fault.Action == "RejectVpcPeerConnection" {
		calls := w.Calls()
		random := calls[len(calls)-1].ClientToken
		if !regexp.MustCompile("^[0-9a-f]{64}$").MatchString(random) || slices.Contains(tokens, random) {
			t.Errorf("the third token is %q", random)
		}
		tokens = append(tokens, random)
	}
	var used []string
	effects := 0
	for _, call := range w.Calls() {
		if call.Action == "RejectVpcPeerConnection" && !slices.Contains(used, call.ClientToken) {
			used = append(used, call.ClientToken)
		}
		if call.Effect {
			effects++
		}
	}
	if len(used) > 0 && !slices.Equal(used, tokens) {
		t.Errorf("tokens %q, want %q", used, tokens)
	}
	item, _ := w.Item(tr.instance)
	lie := fault.Kind == simulator.LostUpdate && fault.Action == "RejectVpcPeerConnection"
	if effects > 1 || (effects == 1) != (item.Status == peering.Rejected) || (want.outcome == guard.Rejected && effects == 0 && !lie) {
		t.Errorf("%d effects, and the connection is %s", effects, item.Status)
	}
}

package event_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"peerguard/function/event"
	"peerguard/function/peering"
)

func TestTimer(t *testing.T) {
	t.Parallel()
	sweep := func(regions []string, accounts ...peering.Account) event.Sweep {
		return event.Sweep{TriggerTime: "2026-11-20T02:00:00Z", TriggerName: "sweep", Regions: regions, Accounts: accounts}
	}
	with := func(payload string) string {
		return `{"triggerTime":"2026-11-20T02:00:00Z","triggerName":"sweep"` + payload + `}`
	}
	tests := map[string]struct {
		payload string
		want    event.Sweep
	}{
		"no payload":       {with(``), sweep(nil)},
		"null":             {with(`,"payload":null`), sweep(nil)},
		"empty":            {with(`,"payload":""`), sweep(nil)},
		"empty object":     {with(`,"payload":"{}"`), sweep(nil)},
		"unknown keys":     {with(`,"data":{},"type":"x"`), sweep(nil)},
		"regions":          {with(`,"payload":"{\"regions\":[\"cn-hangzhou\",\"cn-shanghai\"]}"`), sweep([]string{"cn-hangzhou", "cn-shanghai"})},
		"accounts":         {with(`,"payload":"{\"accounts\":[\"0123456701234567\"]}"`), sweep(nil, "0123456701234567")},
		"numbers":          {with(`,"payload":"{\"accounts\":[1234567890123456789, 2]}"`), sweep(nil, "1234567890123456789", "2")},
		"as an object":     {with(`,"payload":{"accounts":[1],"regions":["cn-hangzhou"]}`), sweep([]string{"cn-hangzhou"}, "1")},
		"duplicates":       {with(`,"payload":{"accounts":[1,"1",2,1],"regions":["cn-a","cn-b","cn-a"]}`), sweep([]string{"cn-a", "cn-b"}, "1", "2")},
		"white space":      {with(`,"payload":" { } "`), sweep(nil)},
		"time as a number": {`{"triggerTime":1732067116993,"triggerName":7}`, event.Sweep{TriggerTime: "1732067116993", TriggerName: "7"}},
		"no name":          {`{"triggerTime":"t"}`, event.Sweep{TriggerTime: "t"}},
		"empty name":       {`{"triggerTime":"t","triggerName":""}`, event.Sweep{TriggerTime: "t"}},
		"null name":        {`{"triggerTime":"t","triggerName":null}`, event.Sweep{TriggerTime: "t"}},
		"odd time":         {`{"triggerTime":"2026-1-2T99:00+PRC"}`, event.Sweep{TriggerTime: "2026-1-2T99:00+PRC"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			input, err := event.Parse([]byte(tt.payload))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(event.Input(&tt.want), input, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestTimerFails(t *testing.T) {
	t.Parallel()
	with := func(payload string) string { return `{"triggerTime":"t","triggerName":"n","payload":` + payload + `}` }
	tests := map[string]struct{ payload, want string }{
		"no time":            {`{"triggerName":"n"}`, "needs a triggerTime"},
		"empty time":         {`{"triggerName":"n","triggerTime":""}`, "needs a triggerTime"},
		"null time":          {`{"triggerName":"n","triggerTime":null}`, "needs a triggerTime"},
		"object as time":     {`{"triggerTime":{}}`, "needs a triggerTime"},
		"object as name":     {`{"triggerTime":"t","triggerName":{"a":1}}`, `triggerName is not a string: "{\"a\":1}"`},
		"no JSON":            {with(`"awesome-fc"`), `not a JSON object with regions and accounts: "awesome-fc"`},
		"blank":              {with(`" "`), "not a JSON object"},
		"null as text":       {with(`"null"`), "not a JSON object"},
		"text as text":       {with(`"\"{}\""`), "not a JSON object"},
		"list":               {with(`["cn-hangzhou"]`), "not a JSON object"},
		"list as text":       {with(`"[]"`), "not a JSON object"},
		"number":             {with(`7`), "not a JSON object"},
		"false":              {with(`false`), "not a JSON object"},
		"truncated":          {with(`"{\"regions\":[\"cn-h"`), "not a JSON object"},
		"two objects":        {with(`"{}{}"`), "not a JSON object"},
		"unknown key":        {with(`{"region":["cn-hangzhou"]}`), `"region": unknown key`},
		"key in other case":  {with(`{"Regions":["cn-hangzhou"]}`), `"Regions": unknown key`},
		"key twice":          {with(`{"regions":["cn-a"],"regions":["cn-b"]}`), `duplicate key "regions"`},
		"key twice, escaped": {with(`{"regions":["cn-a"],"region\u0073":["cn-b"]}`), `duplicate key "regions"`},
		"no list":            {with(`{"regions":"cn-hangzhou"}`), `"regions": not a list: "\"cn-hangzhou\""`},
		"null list":          {with(`{"accounts":null}`), `"accounts": not a list`},
		"empty list":         {with(`{"accounts":[]}`), `"accounts": the list is empty`},
		"bad region":         {with(`{"regions":["cn-hangzhou","Shanghai"]}`), `"regions": "\"Shanghai\"" is not a valid id`},
		"number as region":   {with(`{"regions":[7]}`), "is not a valid id"},
		"bad account":        {with(`{"accounts":["me"]}`), "is not a valid id"},
		"float as account":   {with(`{"accounts":[1.0]}`), "is not a valid id"},
		"list as account":    {with(`{"accounts":[[1]]}`), "is not a valid id"},
		"second is bad":      {with(`{"regions":["cn-hangzhou"],"accounts":[""]}`), `"accounts": "\"\"" is not a valid id`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			input, err := event.Parse([]byte(tt.payload))
			if err == nil || input != nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("Parse = %+v, %v; want %q", input, err, tt.want)
			}
		})
	}
}

func TestSweepID(t *testing.T) {
	t.Parallel()
	s := event.Sweep{TriggerTime: "2026-11-20T02:00:00Z", TriggerName: "every-minute"}
	if got := s.ID(); got != "every-minute@2026-11-20T02:00:00Z" {
		t.Errorf("ID = %s", got)
	}
}

// TestClientToken checks tokens against digests made with sha256sum.
func TestClientToken(t *testing.T) {
	t.Parallel()
	sweep := event.Sweep{TriggerTime: "2026-11-20T02:00:00Z", TriggerName: "any"}
	id64 := strings.Repeat("a1.-_:Z9", 8)
	tests := map[string]struct{ got, want string }{
		"as it is":      {event.Hint{ID: "45ef4dew-7c35-447a-bd93-fab000000000"}.ClientToken(), "45ef4dew-7c35-447a-bd93-fab000000000"},
		"one character": {event.Hint{ID: "7"}.ClientToken(), "7"},
		"64":            {event.Hint{ID: id64}.ClientToken(), id64},
		"65":            {event.Hint{ID: id64 + "a"}.ClientToken(), "220e2eb8f199daa4f981b5f7e98376f9c8cc78274aeadd826d7a55dc7ef99f45"},
		"blank":         {event.Hint{ID: "a b"}.ClientToken(), "c8687a08aa5d6ed2044328fa6a697ab8e96dc34291e8c2034ae8c38e6fcc6d65"},
		"new line":      {event.Hint{ID: "a\n"}.ClientToken(), "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7"},
		"not ASCII":     {event.Hint{ID: "é"}.ClientToken(), "4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c"},
		"plus":          {event.Hint{ID: "1e+5"}.ClientToken(), "303e4a01dfce628a9811cf02087ac7a1a239135a2eebd5dccacbbe1a7274d9cd"},
		"sweep":         {sweep.ClientToken("pcc-1"), "41d1d06bd7cd498ceef648f37006fd2161408e0bb1948163c1f6832f444cdebc"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.got != tt.want {
				t.Errorf("token is %s, want %s", tt.got, tt.want)
			}
		})
	}
	if a, b := sweep.ClientToken("pcc-1"), sweep.ClientToken("pcc-2"); a == b {
		t.Errorf("two connections share the token %s", a)
	}
	if other := (event.Sweep{TriggerTime: "other"}); sweep.ClientToken("pcc-1") == other.ClientToken("pcc-1") {
		t.Error("two sweeps share a token")
	}
}

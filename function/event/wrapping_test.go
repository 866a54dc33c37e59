package event_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"peerguard/function/event"
)

// text returns JSON as a JSON string.
func text(t *testing.T, payload string) string {
	t.Helper()
	quoted, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	return string(quoted)
}

// envelopes are what queues and failure destinations put around an event. %s is the event, as JSON or as JSON text.
var envelopes = map[string]string{
	"event bus":            `{"id":"w-1","source":"s","specversion":"1.0","type":"t","data":%s}`,
	"message queue":        `{"id":"w-1","source":"MNS-Function-t","specversion":"1.0","type":"mns:Queue:SendMessage","data":{"requestId":"R1","messageId":"M1","messageBody":%s}}`,
	"rocket queue":         `{"id":"w-1","source":"RocketMQ-Function-t","specversion":"1.0","type":"mq:Topic:SendMessage","data":{"topic":"t","systemProperties":{},"userProperties":{},"body":%s}}`,
	"kafka":                `{"data":{"topic":"t","partition":0,"offset":3,"headers":{"headers":[]},"value":%s},"id":"w-1","source":"acs:alikafka","specversion":"1.0","type":"alikafka:Topic:Message"}`,
	"log service":          `{"id":"w-1","source":"sls","specversion":"1.0","type":"sls:connector","data":{"__topic__":"t","event":%s}}`,
	"failure destination":  `{"timestamp":1,"requestContext":{"condition":"RetriesExhausted"},"requestPayload":%s,"responsePayload":"{}"}`,
	"destination on a bus": `{"id":"w-1","source":"acs.fc","specversion":"1.0","type":"fc:Destination","data":{"timestamp":1,"requestPayload":%s,"responsePayload":"{}"}}`,
	"bare body":            `{"body":%s}`,
	"bare data":            `{"data":%s}`,
}

// TestWrapped: what a queue hands back is read as if it had never been there, as an object and as JSON text, up to three
// times around.
func TestWrapped(t *testing.T) {
	t.Parallel()
	payloads := map[string]string{
		"event":         numbered(1),
		"record text":   `{"specversion":"1.0","id":"e-1","data":` + text(t, `{"eventName":"CreateVpcPeerConnection","responseElements":{"InstanceId":"pcc-1"}}`) + `}`,
		"other event":   `{"specversion":"1.0","id":"o-1","data":{"eventName":"DeleteVpc"}}`,
		"array":         "[" + numbered(1) + "," + numbered(2) + "]",
		"array of text": "[" + text(t, numbered(1)) + "]",
		"timer":         `{"triggerTime":"T","triggerName":"n","payload":"{\"regions\":[\"cn-hangzhou\"]}"}`,
	}
	for what, payload := range payloads {
		want, err := event.Parse([]byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		for name, envelope := range envelopes {
			wrapped := payload
			for times := 1; times <= 3; times++ {
				asObject, asText := fmt.Sprintf(envelope, wrapped), fmt.Sprintf(envelope, text(t, wrapped))
				for how, payload := range map[string]string{"object": asObject, "text": asText, "object in an array": "[" + asObject + "]", "text in an array": "[" + text(t, asText) + "]"} {
					got, err := event.Parse([]byte(payload))
					if diff := cmp.Diff(want, got, compareEvents); diff != "" || err != nil {
						t.Errorf("%s, %d times in %s, as %s: %v, want -, got +:\n%s", what, times, name, how, err, diff)
					}
				}
				wrapped = asText
			}
		}
	}
}

// TestWrappedTooOften: the fourth envelope is one too many, and what is in it must not be lost.
func TestWrappedTooOften(t *testing.T) {
	t.Parallel()
	for name, envelope := range envelopes {
		objects, texts := numbered(1), numbered(1)
		for range 4 {
			objects, texts = fmt.Sprintf(envelope, objects), fmt.Sprintf(envelope, text(t, texts))
		}
		for _, payload := range []string{objects, texts, "[" + objects + "]"} {
			input, err := event.Parse([]byte(payload))
			if events, ok := input.(*event.Events); ok && len(events.Hints) == 0 {
				err = events.Err
			}
			if err == nil {
				t.Errorf("%s: Parse = %+v", name, input)
			}
		}
	}
}

// TestInside is about what counts as inside an envelope, and what is left of the envelope itself.
func TestInside(t *testing.T) {
	t.Parallel()
	const bare = `{"eventName":"CreateVpcPeerConnection","responseElements":{"InstanceId":"pcc-1"}}`
	around := func(members string) string { return `{"specversion":"1.0","id":"w-1",` + members + `}` }
	found := &event.Events{TriggerID: "e-1", Hints: []event.Hint{hint(1)}}
	logged := &event.Events{TriggerID: "w-1", Hints: []event.Hint{{ID: "w-1", InstanceID: "pcc-1"}}}
	ignored := func(why string) *event.Events {
		return &event.Events{TriggerID: "w-1", Ignored: "not a peering event: data is " + why}
	}
	const noObject, noRecord = "missing or not an object", "not an ActionTrail record: it has no eventName"
	tests := map[string]struct {
		payload string
		want    event.Input
	}{
		"beside data":              {around(`"data":{},"body":` + numbered(1)), found},
		"array in data":            {around(`"data":[` + numbered(1) + `]`), found},
		"two events":               {around(`"body":` + numbered(1) + `,"data":{"value":` + text(t, numbered(2)) + `}`), &event.Events{TriggerID: "e-2 (+1)", Hints: []event.Hint{hint(2), hint(1)}}},
		"event and rubbish":        {around(`"body":[1,{}],"data":{"value":` + numbered(1) + `}`), found},
		"a record hides the rest":  {around(`"body":` + numbered(1) + `,"data":{"eventName":"DeleteVpc"}`), &event.Events{TriggerID: "w-1", Ignored: `not a peering event: eventName is "DeleteVpc"`}},
		"a timer hides the rest":   {`{"triggerTime":"T","body":` + numbered(1) + `}`, &event.Sweep{TriggerTime: "T"}},
		"record":                   {around(`"event":` + bare), logged},
		"record in data":           {around(`"data":{"event":` + text(t, bare) + `}`), logged},
		"record, id further out":   {around(`"data":{"value":{"event":` + bare + `}}`), logged},
		"records":                  {around(`"event":[` + bare + `,` + text(t, bare) + `]`), &event.Events{TriggerID: "w-1 (+1)", Hints: []event.Hint{logged.Hints[0], logged.Hints[0]}}},
		"another record":           {around(`"body":{"eventName":"DeleteVpc"}`), &event.Events{Ignored: `not a peering event: eventName is "DeleteVpc"`}},
		"nothing":                  {around(`"data":{"body":"{}"}`), ignored(noRecord)},
		"plain text":               {around(`"data":"x","body":"hello"`), ignored(noObject)},
		"array of something else":  {around(`"data":{"value":[1,2]}`), ignored(noRecord)},
		"empty array":              {around(`"data":[]`), ignored(noObject)},
		"number":                   {around(`"data":{"value":7}`), ignored(noRecord)},
		"a member of another name": {around(`"data":{"Body":` + text(t, numbered(1)) + `}`), ignored(noRecord)},
		"a name in another case":   {around(`"data":{"EventName":"CreateVpcPeerConnection"}`), ignored(noRecord)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := event.Parse([]byte(tt.payload))
			if diff := cmp.Diff(tt.want, got, compareEvents); diff != "" || err != nil {
				t.Errorf("%v, want -, got +:\n%s", err, diff)
			}
		})
	}
}

// TestInsideFails: what names a peering call is an event or an error, and never ignored.
func TestInsideFails(t *testing.T) {
	t.Parallel()
	around := func(members string) string { return `{"specversion":"1.0","id":"w-1",` + members + `}` }
	const bare = `{"eventName":"CreateVpcPeerConnection","responseElements":{"InstanceId":"pcc-1"}}`
	tests := map[string]struct{ payload, want string }{
		"cut off":            {around(`"data":{"body":` + text(t, numbered(1)[:80]) + `}`), "body names a peering call"},
		"record cut off":     {around(`"data":` + text(t, bare[:60])), "data names a peering call"},
		"text in text":       {around(`"body":` + text(t, text(t, numbered(1)))), "body names a peering call"},
		"record in a body":   {around(`"body":` + bare), "needs an id"},
		"record without id":  {`{"event":` + bare + `}`, "needs an id"},
		"event without id":   {around(`"body":{"data":` + bare + `}`), "needs an id"},
		"event without pcc":  {around(`"body":` + strings.Replace(numbered(1), "pcc-1", "x", 1)), "no valid InstanceId"},
		"timers":             {`{"body":{"triggerTime":"T"},"value":{"triggerTime":"T"}}`, "a timer event cannot be handled together"},
		"timer without time": {`{"body":{"triggerName":"n"}}`, "needs a triggerTime"},
		"nothing known":      {`{"body":"{}"}`, "not a CloudEvents event"},
		"long id":            {around(`"event":` + bare + `,"id":"` + strings.Repeat("x", 257) + `"`), "at most 256 bytes, this one has 257"},
		"long id, ignored":   {`{"specversion":"1.0","id":"` + strings.Repeat("x", 257) + `"}`, "at most 256 bytes"},
		"long trigger name":  {`{"triggerTime":"T","triggerName":"` + strings.Repeat("x", 257) + `"}`, "at most 256 bytes"},
		"long array":         {around(`"data":[` + strings.Repeat("1,", 10_000) + `1]`), "more than 10000 elements"},
		"long inner array":   {"[[" + strings.Repeat("[],", 10_000) + "[]]," + numbered(1) + "]", "more than 10000 elements"},
		"long in all":        {"[[" + strings.Repeat("1,", 5_000) + "1],[" + strings.Repeat("1,", 5_000) + "1]]", "more than 10000 elements"},
		"long over texts":    {"[" + text(t, "["+strings.Repeat("1,", 5_000)+"1]") + `,"[` + strings.Repeat("1,", 5_000) + `1]"]`, "more than 10000 elements"},
		"long list of ids":   {`{"triggerTime":"T","payload":{"accounts":[` + strings.Repeat("1,", 10_000) + `1]}}`, "more than 10000 elements"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			input, err := event.Parse([]byte(tt.payload))
			if err == nil || input != nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 300 {
				t.Errorf("Parse = %+v, %v, want %q", input, err, tt.want)
			}
		})
	}
}

// TestLongestArray: 10,000 elements are handled, wherever they lie.
func TestLongestArray(t *testing.T) {
	t.Parallel()
	list := make([]string, 10_000)
	for i := range list {
		list[i] = numbered(i)
	}
	array := "[" + strings.Join(list, ",") + "]"
	for name, payload := range map[string]string{"array": array, "in a queue": fmt.Sprintf(envelopes["kafka"], text(t, array)), "in an array": "[" + array + "]"} {
		input, err := event.Parse([]byte(payload))
		if events, ok := input.(*event.Events); err != nil || !ok || events.Err != nil || len(events.Hints) != len(list) || events.Hints[9_999].ID != "e-9999" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

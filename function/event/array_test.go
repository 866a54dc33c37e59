package event_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"peerguard/function/event"
)

// numbered is an event about connection pcc-n with the id e-n.
func numbered(n int) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":"e-%d","data":{"eventName":"CreateVpcPeerConnection","responseElements":{"InstanceId":"pcc-%d"}}}`, n, n)
}

func hint(n int) event.Hint {
	return event.Hint{ID: fmt.Sprintf("e-%d", n), InstanceID: fmt.Sprintf("pcc-%d", n)}
}

func TestArray(t *testing.T) {
	t.Parallel()
	const other = `{"specversion":"1.0","id":"o-1","data":{"eventName":"DeleteVpc"}}`
	const nameless = `{"specversion":"1.0","data":null}`
	const unusable = `{"specversion":"1.0","id":"u-1","data":{"eventName":"CreateVpcPeerConnection"}}`
	tests := map[string]struct {
		elements []string
		want     event.Events
		bad      []string // the beginnings of the errors of elements
	}{
		"one":             {[]string{numbered(1)}, event.Events{TriggerID: "e-1", Hints: []event.Hint{hint(1)}}, nil},
		"in their order":  {[]string{numbered(2), numbered(1)}, event.Events{TriggerID: "e-2 (+1)", Hints: []event.Hint{hint(2), hint(1)}}, nil},
		"the same twice":  {[]string{numbered(1), numbered(1)}, event.Events{TriggerID: "e-1 (+1)", Hints: []event.Hint{hint(1), hint(1)}}, nil},
		"as text":         {[]string{fmt.Sprintf("%q", numbered(1)), numbered(2)}, event.Events{TriggerID: "e-1 (+1)", Hints: []event.Hint{hint(1), hint(2)}}, nil},
		"beside others":   {[]string{other, numbered(1), nameless}, event.Events{TriggerID: "o-1 (+1)", Hints: []event.Hint{hint(1)}}, nil},
		"others only":     {[]string{other}, event.Events{TriggerID: "o-1", Ignored: `not a peering event: eventName is "DeleteVpc"`}, nil},
		"others, several": {[]string{nameless, other, other}, event.Events{TriggerID: "o-1 (+1)", Ignored: "not a peering event: data is missing or not an object (+2)"}, nil},
		"none has an id":  {[]string{nameless}, event.Events{Ignored: "not a peering event: data is missing or not an object"}, nil},

		"one unusable":    {[]string{unusable, numbered(1)}, event.Events{TriggerID: "u-1 (+1)", Hints: []event.Hint{hint(1)}}, []string{"element 0: CreateVpcPeerConnection has no valid InstanceId"}},
		"unusable only":   {[]string{unusable}, event.Events{TriggerID: "u-1"}, []string{"element 0: CreateVpcPeerConnection has no valid InstanceId"}},
		"unusable, other": {[]string{other, unusable}, event.Events{TriggerID: "o-1 (+1)"}, []string{"element 1: CreateVpcPeerConnection has no valid InstanceId"}},
		"timer":           {[]string{`{"triggerTime":"t"}`, numbered(1)}, event.Events{TriggerID: "e-1", Hints: []event.Hint{hint(1)}}, []string{"element 0: a timer event cannot be handled together with others"}},
		"timers":          {[]string{`{"triggerTime":"t"}`, `{"triggerTime":"t"}`}, event.Events{}, []string{"element 0: a timer event cannot be", "element 1: a timer event cannot be"}},
		"arrays":          {[]string{"[" + numbered(1) + ", [[]," + numbered(2) + "]]", "[]", numbered(3)}, event.Events{TriggerID: "e-1 (+2)", Hints: []event.Hint{hint(1), hint(2), hint(3)}}, nil},
		"array as text":   {[]string{fmt.Sprintf("%q", "["+numbered(1)+",7]"), numbered(2)}, event.Events{TriggerID: "e-1 (+1)", Hints: []event.Hint{hint(1), hint(2)}}, []string{`element 1: not a CloudEvents event: "7"`}},
		"long id":         {[]string{strings.Replace(numbered(1), "e-1", strings.Repeat("é", 128)+"x", 1), numbered(2)}, event.Events{TriggerID: "e-2", Hints: []event.Hint{hint(2)}}, []string{"element 0: the id of an event has at most 256 bytes, this one has 257"}},
		"rubbish": {
			[]string{`null`, `7`, `"[]"`, `"{"`, `"[{}]"`, fmt.Sprintf("%q", fmt.Sprintf("%q", numbered(1))), numbered(1)},
			event.Events{TriggerID: "e-1", Hints: []event.Hint{hint(1)}},
			[]string{
				"element 0: not a CloudEvents event", "element 1: not a CloudEvents event", "element 2: not a CloudEvents event", `element 3: not a CloudEvents event: "{"`,
				"element 4: not a CloudEvents event", "element 5: not a CloudEvents event",
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			input, err := event.Parse([]byte("[" + strings.Join(tt.elements, ",\n") + "]"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(event.Input(&tt.want), input, compareEvents); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			got, _ := input.(*event.Events)
			checkElementErrors(t, got.Err, tt.bad)
		})
	}
}

func checkElementErrors(t *testing.T, err error, want []string) {
	t.Helper()
	if (err != nil) != (want != nil) {
		t.Fatalf("errors of elements: %v, want %q", err, want)
	}
	if err == nil {
		return
	}
	if text := err.Error(); !strings.HasPrefix(text, "reading events: "+want[0]) || strings.Contains(text, "\n") {
		t.Errorf("error is %q", text)
	}
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) || len(joined.Unwrap()) != len(want) {
		t.Fatalf("error is %q, want %d in it", err, len(want))
	}
	for i, err := range joined.Unwrap() {
		if !strings.HasPrefix(err.Error(), want[i]) {
			t.Errorf("error %d is %q, want %q", i, err, want[i])
		}
	}
}

// TestArrayOfRubbish checks that a long array of nothing that can be read is one short error, and that the one event
// behind it all is still found.
func TestArrayOfRubbish(t *testing.T) {
	t.Parallel()
	const many = 9_999
	input, err := event.Parse([]byte("[" + strings.Repeat("[[1]],", many) + numbered(1) + "]"))
	got, ok := input.(*event.Events)
	if err != nil || !ok {
		t.Fatalf("Parse = %v, %v", input, err)
	}
	if len(got.Hints) != 1 || got.TriggerID != "e-1" {
		t.Errorf("Parse = %+v", got)
	}
	if text := got.Err.Error(); len(text) > 1000 || !strings.HasSuffix(text, fmt.Sprintf("(+%d)", many-8)) {
		t.Errorf("error is %q", text)
	}
}

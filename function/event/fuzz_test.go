package event_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"peerguard/events"
	"peerguard/function/event"
	"peerguard/function/peering"
)

// FuzzParse checks, for any payload:
//   - it is an input or an error, never both and never none; an error is one short line
//   - what comes out is fit to be used: ids, accounts, regions and tokens have their form
//   - the same JSON written otherwise (order of keys, white space, numbers as strings and strings as numbers) is the same
//   - an array is the sum of its elements, and an element may be written as a string
//   - envelopes of queues, up to three, change nothing
func FuzzParse(f *testing.F) {
	samples, err := events.Cases()
	if err != nil {
		f.Fatal(err)
	}
	for _, sample := range samples {
		f.Add(sample.Payload)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		input, err := event.Parse(payload)
		checkResult(t, input, err)
		checkRewritten(t, payload, input, err)
		checkInArray(t, payload, input)
		checkSum(t, payload, input)
		checkWrapped(t, payload, input)
	})
}

// FuzzTimerPayload checks that the text that an operator writes into a timer trigger narrows a sweep to what it says,
// or fails: it never widens it.
func FuzzTimerPayload(f *testing.F) {
	for _, payload := range []string{
		"", "{}", `{"regions":["cn-hangzhou"]}`, `{"accounts":[1111111111111111,"1"],"regions":["cn-hangzhou","cn-hangzhou"]}`,
		`{"regions":[]}`, `{"Regions":["cn-hangzhou"]}`, `{"regions":["cn-a"],"regions":["cn-b"]}`, "all", "null", "[]",
	} {
		f.Add(payload)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		text, err := json.Marshal(map[string]string{"triggerTime": "t", "triggerName": "n", "payload": payload})
		if err != nil {
			t.Fatal(err)
		}
		input, err := event.Parse(text)
		checkResult(t, input, err)
		sweep, ok := input.(*event.Sweep)
		if !ok {
			return
		}
		var said map[string][]any
		if payload != "" {
			if err := json.Unmarshal([]byte(payload), &said); err != nil {
				t.Fatalf("%q is no object of lists, and swept: %v", payload, err)
			}
		}
		if (len(sweep.Regions) > 0) != (len(said["regions"]) > 0) || (len(sweep.Accounts) > 0) != (len(said["accounts"]) > 0) {
			t.Errorf("%q sweeps %+v", payload, sweep)
		}
		delete(said, "regions")
		delete(said, "accounts")
		if len(said) > 0 {
			t.Errorf("%q was read past %v", payload, said)
		}
	})
}

var (
	tokenForm = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,64}$`)
	hashForm  = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)
)

func checkResult(t *testing.T, input event.Input, err error) {
	t.Helper()
	if (input == nil) == (err == nil) {
		t.Fatalf("Parse = %v, %v", input, err)
	}
	checkErrorText(t, err, 500)
	switch input := input.(type) {
	case *event.Events:
		checkErrorText(t, input.Err, 4000)
		if len(input.Hints) == 0 && input.Err == nil && input.Ignored == "" {
			t.Error("nothing to do, and no reason")
		}
		for _, h := range input.Hints {
			if h.ClientToken() == h.ID && hashForm.MatchString(h.ID) {
				t.Errorf("the sender chose the token %q", h.ID)
			}
			if h.ID == "" || len(h.ID) > 256 || !peering.ValidID(h.InstanceID) || !tokenForm.MatchString(h.ClientToken()) ||
				(h.Region != "" && !peering.ValidRegion(h.Region)) {
				t.Errorf("hint %+v, token %q", h, h.ClientToken())
			}
			checkAccounts(t, h.Accepters)
			if slices.ContainsFunc(h.Accepters, func(a peering.Account) bool { return strings.Trim(string(a), "0") == "" }) {
				t.Errorf("0 is not an account: %v", h.Accepters)
			}
		}
	case *event.Sweep:
		if input.TriggerTime == "" || !tokenForm.MatchString(input.ClientToken("pcc-1")) {
			t.Errorf("sweep %+v", input)
		}
		for _, region := range input.Regions {
			if !peering.ValidRegion(region) {
				t.Errorf("sweep of region %q", region)
			}
		}
		checkAccounts(t, input.Accounts)
		if len(input.ID()) > 2*256+1 {
			t.Errorf("a sweep's id of %d bytes", len(input.ID()))
		}
	}
}

func checkErrorText(t *testing.T, err error, limit int) {
	t.Helper()
	if err != nil && (strings.ContainsAny(err.Error(), "\n\r") || len(err.Error()) > limit) {
		t.Errorf("error is no short line: %q", err)
	}
}

func checkAccounts(t *testing.T, accounts []peering.Account) {
	t.Helper()
	seen := make(map[peering.Account]bool)
	for _, a := range accounts {
		if !peering.ValidAccount(string(a)) || seen[a] {
			t.Errorf("accounts %v", accounts)
		}
		seen[a] = true
	}
}

// checkRewritten parses the same JSON with its keys sorted, its white space gone, and numbers and strings swapped.
func checkRewritten(t *testing.T, payload []byte, input event.Input, parseErr error) {
	t.Helper()
	value, ok := decode(payload)
	if !ok {
		return
	}
	for name, rewritten := range map[string]any{"rewritten": value, "numbers as strings": swapped(value, false), "strings as numbers": swapped(value, true)} {
		text, err := json.Marshal(rewritten)
		if err != nil {
			t.Fatal(err)
		}
		again, err := event.Parse(text)
		if parseErr != nil && tokens(text) < tokens(payload) {
			continue // writing the JSON again drops all but the last of a key that occurs twice, which was the mistake
		}
		if (err == nil) != (parseErr == nil) {
			t.Fatalf("%s: %v, before: %v\n%s", name, err, parseErr, text)
		}
		same(t, name, input, again)
	}
}

// tokens counts the tokens of a JSON text.
func tokens(text []byte) (n int) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	for ; ; n++ {
		if _, err := decoder.Token(); err != nil {
			return n
		}
	}
}

// checkInArray parses a payload as the only element of an array, as it is and as text.
func checkInArray(t *testing.T, payload []byte, input event.Input) {
	t.Helper()
	if input == nil {
		return
	}
	text, err := json.Marshal(string(payload))
	if err != nil {
		t.Fatal(err)
	}
	for _, element := range [][]byte{payload, text} {
		alone, err := event.Parse(fmt.Appendf(nil, "[%s]", element))
		if err != nil && strings.Contains(err.Error(), "exceeded max depth") {
			return // one level more is one too many
		}
		if err != nil {
			t.Fatal(err)
		}
		same(t, "in an array", input, alone)
	}
}

// checkSum parses the elements of an array one by one.
func checkSum(t *testing.T, payload []byte, input event.Input) {
	t.Helper()
	whole, ok := input.(*event.Events)
	var elements []json.RawMessage
	if !ok || json.Unmarshal(payload, &elements) != nil {
		return
	}
	var sum event.Events
	bad := false
	for _, element := range elements {
		one, err := event.Parse(fmt.Appendf(nil, "[%s]", element))
		if err != nil && strings.Contains(err.Error(), "the array is empty") {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if part, ok := one.(*event.Events); ok {
			sum.Hints = append(sum.Hints, part.Hints...)
			bad = bad || part.Err != nil
		} else {
			bad = true // a timer event is handled alone only
		}
	}
	if diff := cmp.Diff(sum.Hints, whole.Hints, compareEvents); diff != "" || bad != (whole.Err != nil) {
		t.Errorf("elements -, array +, error %v:\n%s", whole.Err, diff)
	}
}

// checkWrapped puts envelopes around a payload that has none yet.
func checkWrapped(t *testing.T, payload []byte, input event.Input) {
	t.Helper()
	value, ok := decode(payload)
	o, _ := value.(map[string]any)
	record, _ := o["data"].(map[string]any)
	name, _ := record["eventName"].(string)
	_, timer := input.(*event.Sweep)
	plainTimer := timer && o["triggerTime"] != nil && o["specversion"] == nil && o["type"] == nil
	if input == nil || !ok || name == "" && !plainTimer {
		return
	}
	for _, envelope := range []string{`{"specversion":"1.0","id":"w","data":{"value":%s}}`, `{"requestPayload":%s}`, `{"id":"w","data":%s}`} {
		wrapped := payload
		for range 3 {
			text, err := json.Marshal(string(wrapped))
			if err != nil {
				t.Fatal(err)
			}
			wrapped = fmt.Appendf(nil, envelope, text)
			again, err := event.Parse(wrapped)
			if err != nil {
				t.Fatalf("%v: %s", err, wrapped)
			}
			same(t, "wrapped", input, again)
		}
	}
}

func same(t *testing.T, name string, want, got event.Input) {
	t.Helper()
	if diff := cmp.Diff(want, got, compareEvents); diff != "" {
		t.Errorf("%s: before -, after +:\n%s", name, diff)
	}
	before, ok := want.(*event.Events)
	after, also := got.(*event.Events)
	if ok && also && (before.Err == nil) != (after.Err == nil) {
		t.Errorf("%s: %v, before: %v", name, after.Err, before.Err)
	}
}

func decode(payload []byte) (value any, ok bool) {
	if !utf8.Valid(payload) || !json.Valid(payload) {
		return nil, false
	}
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.UseNumber()
	return value, decoder.Decode(&value) == nil
}

var numberForm = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// swapped writes numbers as strings, or strings that look like a number as numbers.
func swapped(value any, toNumber bool) any {
	switch value := value.(type) {
	case map[string]any:
		m := make(map[string]any, len(value))
		for k, v := range value {
			m[k] = swapped(v, toNumber)
		}
		return m
	case []any:
		items := make([]any, len(value))
		for i, v := range value {
			items[i] = swapped(v, toNumber)
		}
		return items
	case json.Number:
		if !toNumber {
			return value.String()
		}
	case string:
		if toNumber && numberForm.MatchString(value) {
			return json.Number(value)
		}
	}
	return value
}

// TestFuzzCorpus checks that the seeds of the fuzz targets are where go test looks for them.
func TestFuzzCorpus(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"FuzzParse", "FuzzTimerPayload"} {
		if files, err := os.ReadDir("testdata/fuzz/" + target); err != nil || len(files) == 0 {
			t.Errorf("corpus of %s: %d files, %v", target, len(files), err)
		}
	}
}

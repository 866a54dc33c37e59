package deploy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"peerguard/events"
	"peerguard/function/event"
)

// pattern is the EventBridge pattern of s.yaml, with the part of the language that s.yaml uses.
type pattern struct {
	Type []struct{ Suffix string }
	Data struct{ EventName []string }
}

func readPattern(t *testing.T) pattern {
	t.Helper()
	doc, err := render(read(t, "../s.yaml"), environment)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := at(doc, "resources", "peerguard", "props", "triggers", -1, "triggerConfig", "eventRuleFilterPattern").(string)
	var p pattern
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// matches reports whether EventBridge would deliver an event.
func (p pattern) matches(payload []byte) bool {
	var e struct {
		Type string
		Data struct{ EventName string }
	}
	if json.Unmarshal(payload, &e) != nil {
		return false
	}
	typed := false
	for _, option := range p.Type {
		typed = typed || strings.HasSuffix(e.Type, option.Suffix)
	}
	return typed && slices.Contains(p.Data.EventName, e.Data.EventName)
}

// TestPatternLetsThrough: the function understands every event that the pattern lets through.
func TestPatternLetsThrough(t *testing.T) {
	t.Parallel()
	p := readPattern(t)
	if len(p.Type) != 2 || len(p.Data.EventName) != 2 {
		t.Fatalf("pattern = %+v", p)
	}
	for _, option := range p.Type {
		for _, name := range p.Data.EventName {
			payload := fmt.Appendf(nil, `{"specversion":"1.0","id":"1","source":"acs.any","type":"any%s","data":{"eventName":%q,`+
				`"requestParameters":{"InstanceId":"pcc-1"}}}`, option.Suffix, name)
			input, err := event.Parse(payload)
			events, ok := input.(*event.Events)
			if err != nil || !ok || len(events.Hints) != 1 {
				t.Errorf("%s %s: %+v, %v", option.Suffix, name, input, err)
			}
			if !p.matches(payload) {
				t.Errorf("%s %s does not match", option.Suffix, name)
			}
		}
	}
}

// TestPatternKeepsOut checks with the samples that the pattern lets through every event that names a connection, and no event
// of another call, least of all of the function's own.
func TestPatternKeepsOut(t *testing.T) {
	t.Parallel()
	p := readPattern(t)
	samples, err := events.Cases()
	if err != nil {
		t.Fatal(err)
	}
	for _, sample := range samples {
		if bytes.HasPrefix(bytes.TrimSpace(sample.Payload), []byte("[")) || strings.HasPrefix(sample.Name, "requeued-") {
			continue // this trigger never sends an array, or an event inside another envelope
		}
		input, err := event.Parse(sample.Payload)
		if err != nil {
			continue
		}
		parsed, _ := input.(*event.Events)
		matched := p.matches(sample.Payload)
		switch {
		case parsed == nil && matched:
			t.Errorf("%s is a sweep and matches", sample.File)
		case parsed != nil && len(parsed.Hints) > 0 && !matched:
			t.Errorf("%s does not match", sample.File)
		case parsed != nil && strings.HasPrefix(parsed.Ignored, "not a peering event") && matched:
			t.Errorf("%s matches", sample.File)
		}
	}
}

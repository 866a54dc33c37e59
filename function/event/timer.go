package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"peerguard/function/peering"
)

// Sweep is a timer event: look at everything that is pending.
type Sweep struct {
	TriggerTime string // as it came, never empty
	TriggerName string
	Regions     []string          // only these; none: all that the policy guards
	Accounts    []peering.Account // only these; none: all that the policy guards
}

// ID names the sweep in reports and logs, as <triggerName>@<triggerTime>.
func (s *Sweep) ID() string { return s.TriggerName + "@" + s.TriggerTime }

// ClientToken returns the token that makes every delivery of the timer event one effect on a connection.
func (s *Sweep) ClientToken(instanceID string) string {
	return peering.SweepToken(s.TriggerTime, instanceID)
}

// isTimer reports whether the object is a timer event. Ask isDelivered first.
func (o object) isTimer() bool { return o.has("triggerTime") || o.has("triggerName") }

// readTimer reads a timer event. Its payload is what an operator wrote into the trigger, so it is read strictly: a sweep
// that is narrower or wider than intended must not pass for the intended one.
func readTimer(o object) (*Sweep, error) {
	s := &Sweep{TriggerTime: o.text("triggerTime"), TriggerName: o.text("triggerName")}
	switch {
	case s.TriggerTime == "":
		return nil, errors.New("a timer event needs a triggerTime, a string or a number")
	case len(s.TriggerTime) > maxID || len(s.TriggerName) > maxID:
		return nil, fmt.Errorf("triggerTime and triggerName have at most %d bytes each", maxID)
	case s.TriggerName == "" && o.has("triggerName") && kindOf(o["triggerName"]) != '"':
		return nil, fmt.Errorf("triggerName is not a string: %s", quote(o["triggerName"]))
	}
	if err := s.narrow(o["payload"]); err != nil {
		return nil, fmt.Errorf("reading timer payload: %w", err)
	}
	return s, nil
}

// narrow applies the payload: a string that is empty or holds a JSON object, or that object itself.
func (s *Sweep) narrow(payload json.RawMessage) error {
	if kindOf(payload) == 'n' {
		return nil
	}
	payload, valid := embedded(payload)
	switch {
	case len(payload) == 0:
		return nil
	case !valid || kindOf(payload) != '{':
		return fmt.Errorf("not a JSON object with regions and accounts: %s", quote(payload))
	}
	return s.narrowTo(json.NewDecoder(bytes.NewReader(payload)))
}

// narrowTo walks the object. A map would hide that a key occurs twice.
func (s *Sweep) narrowTo(object *json.Decoder) error {
	if _, err := object.Token(); err != nil { // the brace
		return err
	}
	seen := map[string]bool{}
	for object.More() {
		token, err := object.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string)
		if seen[key] {
			return fmt.Errorf("duplicate key %s", quote(key))
		}
		seen[key] = true
		var list json.RawMessage
		if err := object.Decode(&list); err != nil {
			return err
		}
		if err := s.only(key, list); err != nil {
			return fmt.Errorf("%s: %w", quote(key), err)
		}
	}
	return nil
}

// only narrows the sweep to what one key of the payload names.
func (s *Sweep) only(key string, list json.RawMessage) (err error) {
	switch key {
	case "regions":
		s.Regions, err = readIDs[string](list, peering.ValidRegion)
	case "accounts":
		s.Accounts, err = readIDs[peering.Account](list, peering.ValidAccount)
	default:
		err = errors.New("unknown key; the keys are regions and accounts")
	}
	return err
}

// readIDs reads a list of ids and folds duplicates. An empty list is an error: it could mean all or none.
func readIDs[T ~string](raw json.RawMessage, valid func(string) bool) ([]T, error) {
	if kindOf(raw) != '[' {
		return nil, fmt.Errorf("not a list: %s", quote(raw))
	}
	list := json.NewDecoder(bytes.NewReader(raw))
	if _, err := list.Token(); err != nil { // the bracket
		return nil, err
	}
	var ids []T
	seen := map[T]bool{}
	for n := 1; list.More(); n++ {
		var item json.RawMessage
		if err := list.Decode(&item); err != nil {
			return nil, err
		}
		id := T(asText(item))
		switch {
		case n > maxElements:
			return nil, errTooMany
		case !valid(string(id)):
			return nil, fmt.Errorf("%s is not a valid id", quote(item))
		case !seen[id]:
			seen[id], ids = true, append(ids, id)
		}
	}
	if ids == nil {
		return nil, errors.New("the list is empty; leave it out to sweep all")
	}
	return ids, nil
}

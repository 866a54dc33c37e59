package event

import (
	"encoding/json"
	"errors"
	"fmt"

	"peerguard/function/peering"
)

// isTimer reports whether the object is a timer event. Ask isEvent first.
func (o object) isTimer() bool { return o.has("triggerTime") || o.has("triggerName") }

// parseTimer reads a timer event. Its payload is what an operator wrote into the trigger, so it is read strictly: a
// sweep that is narrower or wider than meant must not pass for the one that was meant.
func parseTimer(o object) (*Sweep, error) {
	s := &Sweep{TriggerTime: o.text("triggerTime"), TriggerName: o.text("triggerName")}
	switch {
	case s.TriggerTime == "":
		return nil, errors.New("a timer event needs a triggerTime, a string or a number")
	case s.TriggerName == "" && o.has("triggerName") && kindOf(o["triggerName"]) != '"':
		return nil, fmt.Errorf("triggerName is no string: %s", quote(o["triggerName"]))
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
		return fmt.Errorf("it is no JSON object with regions and accounts: %s", quote(payload))
	}
	seen := map[string]bool{}
	for key, value := range members(payload) {
		if seen[key] {
			return errors.New("a key stands there twice")
		}
		seen[key] = true
		if err := s.only(key, value); err != nil {
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
		err = errors.New("unknown key, there are regions and accounts")
	}
	return err
}

// readIDs reads a list of ids and folds duplicates. An empty list is an error: it could mean all, and none.
func readIDs[T ~string](raw json.RawMessage, valid func(string) bool) ([]T, error) {
	var list []json.RawMessage
	if kindOf(raw) != '[' || json.Unmarshal(raw, &list) != nil {
		return nil, fmt.Errorf("it is no list: %s", quote(raw))
	}
	if len(list) == 0 {
		return nil, errors.New("the list is empty; leave it out to sweep all")
	}
	var ids []T
	seen := make(map[T]bool, len(list))
	for _, item := range list {
		id := T(asText(item))
		if !valid(string(id)) {
			return nil, fmt.Errorf("%s is no valid id", quote(item))
		}
		if !seen[id] {
			seen[id], ids = true, append(ids, id)
		}
	}
	return ids, nil
}

package event

import (
	"errors"
	"fmt"
	"slices"

	"peerguard/function/peering"
)

// The calls that make a connection worth a look, as ActionTrail names them. Source, type and serviceName are not looked
// at: no document says what they hold for the VpcPeer API.
const (
	createConnection = "CreateVpcPeerConnection"
	acceptConnection = "AcceptVpcPeerConnection"
)

// isEvent reports whether the object is a CloudEvents event, in the wide sense: something that EventBridge delivered.
func (o object) isEvent() bool {
	return o.has("specversion") ||
		(o.has("type") && o.has("source")) ||
		o.object("data").text("eventName") != ""
}

// parseEvent reads the only event of an invocation: if it cannot be read, the whole payload cannot.
func parseEvent(o object) (*Events, error) {
	hint, ignored, err := readEvent(o)
	if err != nil {
		return nil, err
	}
	events := &Events{TriggerID: o.text("id"), Ignored: ignored}
	if hint != nil {
		events.Hints = []Hint{*hint}
	}
	return events, nil
}

// readEvent returns the hint of a peering event, or why to ignore the event, or what is wrong with it: exactly one of the
// three.
func readEvent(o object) (hint *Hint, ignored string, err error) {
	record := o.object("data")
	if ignored := record.ignored(); ignored != "" {
		return nil, ignored, nil
	}
	parameters := record.object("requestParameters")
	hint = &Hint{
		ID:         o.text("id"),
		InstanceID: record.instanceID(parameters),
		Accepters:  record.accepters(parameters),
		Region:     record.region(parameters),
	}
	if hint.ID == "" {
		return nil, "", errors.New("a peering event needs an id, a string or a number")
	}
	if !peering.ValidID(hint.InstanceID) {
		return nil, "", fmt.Errorf("%s has no valid InstanceId (pcc-…): %s", record.text("eventName"), quote(hint.InstanceID))
	}
	return hint, "", nil
}

// ignored says why an ActionTrail record announces nothing to look at; "" if it announces something.
func (o object) ignored() string {
	name := o.text("eventName")
	switch {
	case o == nil:
		return "not a peering event: data is missing or not an object"
	case name == "":
		return "not a peering event: data is not an ActionTrail record: it has no eventName"
	case name != createConnection && name != acceptConnection:
		return "not a peering event: eventName is " + quote(name)
	case o.text("errorCode") != "":
		return "describes a call that failed: " + bounded(o.text("errorCode"))
	}
	return ""
}

// instanceID returns the connection's id: a Create gets it in the answer, an Accept sends it.
func (o object) instanceID(parameters object) string {
	if id := o.object("responseElements").text("InstanceId"); id != "" {
		return id
	}
	return parameters.text("InstanceId")
}

// accepters returns the accounts that may be the accepter. The caller of an Accept is one. The caller of a Create is the
// requester, so it counts only if no accepter is named (a peering inside one account).
func (o object) accepters(parameters object) []peering.Account {
	candidates := []string{parameters.text("AcceptingAliUid")}
	switch {
	case o.text("eventName") == acceptConnection:
		candidates = append(candidates, o.text("recipientAccountId"), o.caller())
	case candidates[0] == "":
		candidates = []string{o.caller()}
	}
	var accepters []peering.Account
	for _, c := range candidates {
		if a := peering.Account(c); peering.ValidAccount(c) && !slices.Contains(accepters, a) {
			accepters = append(accepters, a)
		}
	}
	return accepters
}

// caller returns the account that made the call.
func (o object) caller() string { return o.object("userIdentity").text("accountId") }

// region returns the accepter's, else the one in which the call was recorded.
func (o object) region(parameters object) string {
	for _, region := range []string{parameters.text("AcceptingRegionId"), o.text("acsRegion")} {
		if peering.ValidRegion(region) {
			return region
		}
	}
	return ""
}

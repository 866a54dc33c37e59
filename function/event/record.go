package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"peerguard/function/peering"
)

// The calls that make a connection worth a look, as ActionTrail names them. Source, type and serviceName are not looked
// at: no document says what they hold for the VpcPeer API.
const (
	createConnection = "CreateVpcPeerConnection"
	acceptConnection = "AcceptVpcPeerConnection"
)

// maxID is how many bytes the id of an event may have. The id is in every line of the log.
const maxID = 256

// isDelivered reports whether the object is a CloudEvents event, in the wide sense: something that EventBridge delivered.
func (o object) isDelivered() bool { return o.has("specversion") || (o.has("type") && o.has("source")) }

// isRecord reports whether the object is an ActionTrail record.
func (o object) isRecord() bool { return o.text("eventName") != "" }

// readRecord returns the hint of a peering event, or why to ignore the event, or what is wrong with it: exactly one of the
// three.
func readRecord(id string, record object) (hint *Hint, ignored string, err error) {
	if len(id) > maxID {
		return nil, "", fmt.Errorf("the id of an event has at most %d bytes, this one has %d", maxID, len(id))
	}
	if ignored := record.ignored(); ignored != "" {
		return nil, ignored, nil
	}
	parameters := record.parameters()
	hint = &Hint{ID: id, InstanceID: record.instanceID(parameters), Region: record.region(parameters)}
	hint.Accepters, hint.AccepterUnreadable = record.accepters(parameters)
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

// parameters returns what the call was made with. Some records hold it as text only.
func (o object) parameters() object {
	if parameters := o.object("requestParameters"); parameters != nil {
		return parameters
	}
	return o.object("requestParameterJson")
}

// accepters returns the accounts that may be the accepter, the likeliest first, and whether the likeliest is named in a
// form that cannot be read. The caller of an Accept is one. The caller of a Create is the requester, so it counts only if no
// accepter is named (a peering inside one account).
func (o object) accepters(parameters object) (accounts []peering.Account, unreadable bool) {
	named := parameters["AcceptingAliUid"]
	candidates := []json.RawMessage{named}
	switch {
	case o.text("eventName") == acceptConnection:
		candidates = append(candidates, o["recipientAccountId"], o.object("userIdentity")["accountId"])
	case isAbsent(named):
		candidates = append(candidates, o.object("userIdentity")["accountId"])
	}
	candidates = slices.DeleteFunc(candidates, isAbsent)
	for i, candidate := range candidates {
		account, ok := readAccount(candidate)
		switch {
		case ok && !slices.Contains(accounts, account):
			accounts = append(accounts, account)
		case !ok && i == 0:
			unreadable = true
		}
	}
	return accounts, unreadable || parameters == nil && (o.has("requestParameters") || o.has("requestParameterJson"))
}

// isAbsent reports whether a member is not there, or is the empty string that ActionTrail writes in its place.
func isAbsent(raw json.RawMessage) bool { return raw == nil || string(raw) == `""` }

// readAccount reads an account id, a string or a number. It never rounds: a fraction of zeros is dropped, and whatever else
// is not made of digits is unreadable. So is 0, which Alibaba Cloud writes for an account that it does not know.
func readAccount(raw json.RawMessage) (account peering.Account, ok bool) {
	digits, fraction, dotted := strings.Cut(asText(raw), ".")
	if dotted && (fraction == "" || strings.Trim(fraction, "0") != "") || strings.Trim(digits, "0") == "" {
		return "", false
	}
	return peering.Account(digits), peering.ValidAccount(digits)
}

// region returns the accepter's, else the one in which the call was recorded.
func (o object) region(parameters object) string {
	for _, region := range []string{parameters.text("AcceptingRegionId"), o.text("acsRegion")} {
		if peering.ValidRegion(region) {
			return region
		}
	}
	return ""
}

package e2e_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"peerguard/function/peering"
	"peerguard/simulator"
)

// created is the event of a successful CreateVpcPeerConnection that the function's account is to accept.
func created(eventID, connection, requester string) string {
	it := pendingRequest(connection, 0)
	return cloudEvent(eventID, creation(&it, requester, it.AcceptingOwnerUID))
}

// creation is the ActionTrail record of a CreateVpcPeerConnection that made a connection. Requester and accepter are
// account ids, as numbers or as text, and need not be the connection's.
func creation(it *simulator.Item, requester, accepter any) map[string]any {
	return map[string]any{
		"eventName":          "CreateVpcPeerConnection",
		"eventType":          "ApiCall",
		"acsRegion":          it.RegionID,
		"recipientAccountId": requester,
		"requestParameters":  map[string]any{"AcceptingAliUid": accepter, "AcceptingRegionId": it.AcceptingRegionID},
		"responseElements":   map[string]any{"InstanceId": it.InstanceID, "RequestId": "r"},
		"userIdentity":       map[string]any{"accountId": requester, "type": "ram-user"},
	}
}

// cloudEvent wraps a record as EventBridge does.
func cloudEvent(id any, record map[string]any) string {
	return marshal(map[string]any{
		"specversion": "1.0", "id": id, "source": "acs.vpcpeer", "type": "vpcpeer:ActionTrail:ApiCall", "time": "2026-11-01T00:00:00Z", "data": record,
	})
}

// announcement is one event of a chaos run.
type announcement struct {
	Body   string // JSON
	ID     string // of the event, as text
	About  string // the connection, "" if the event is about none
	Honest bool   // it names the true accepter, so that the function can find the connection
}

// announce makes an event about a connection. It may lie about the requester and even about the accepter.
func announce(r *rand.Rand, id any, c *connection) announcement {
	it := &c.Item
	requester, accepter := it.OwnerID, it.AcceptingOwnerUID
	a := announcement{About: it.InstanceID, Honest: true}
	if r.IntN(5) == 0 { // forged: a stranger poses as the partner, or the partner is made to look like a stranger
		requester = partner
		if it.OwnerID == partner {
			requester = stranger(r)
		}
	}
	if r.IntN(25) == 0 {
		accepter, a.Honest = guarded(r, accepter), false
	}
	record := creation(it, number(r, requester), number(r, accepter))
	record["eventType"] = []string{"ApiCall", "ConsoleOperation"}[r.IntN(2)]
	if r.IntN(6) == 0 {
		record["eventName"] = "AcceptVpcPeerConnection"
		record["recipientAccountId"] = number(r, accepter)
		record["requestParameters"] = map[string]any{"InstanceId": it.InstanceID}
		delete(record, "responseElements")
	}
	a.ID = fmt.Sprint(id)
	a.Body = cloudEvent(id, record)
	return a
}

// eventID is an id in one of the forms that the platform may use: text, a number, or text that cannot be a client token.
func eventID(r *rand.Rand, n int) any {
	switch r.IntN(5) {
	case 0:
		return json.Number(strconv.Itoa(7_000_000 + n))
	case 1:
		return fmt.Sprintf("event/%d with ümläuts", n)
	}
	return fmt.Sprintf("event-%d", n)
}

// poison returns the ids of events that would use up the tokens of a sweep for a connection: the tokens themselves, and the
// texts that they are hashes of.
func poison(triggerTime, instanceID string) []any {
	token := sweepToken(triggerTime, instanceID)
	second := substitute(token, instanceID)
	return []any{
		token, second, strings.ToUpper(token), digest("dry-run\n" + token),
		"sweep\n" + triggerTime + "\n" + instanceID, token + "\n" + instanceID,
	}
}

// number is an account id, as a number or as text.
func number(r *rand.Rand, account int64) any {
	if r.IntN(2) == 0 {
		return account
	}
	return strconv.FormatInt(account, 10)
}

// batch puts events into one payload, each as an object or as text that holds one.
func batch(r *rand.Rand, events []announcement) string {
	elements := make([]any, len(events))
	for i, e := range events {
		elements[i] = json.RawMessage(e.Body)
		if r.IntN(2) == 0 {
			elements[i] = e.Body
		}
	}
	return marshal(elements)
}

// timer is the payload of a timer event that asks for a sweep of the whole scope, or of what is named.
func timer(triggerTime string, scope []peering.Partition, whole bool) string {
	payload := ""
	if !whole {
		names := map[string][]string{}
		seen := map[string]bool{}
		for _, in := range scope {
			for key, name := range map[string]string{"accounts": string(in.Account), "regions": in.Region} {
				if !seen[name] {
					seen[name], names[key] = true, append(names[key], name)
				}
			}
		}
		payload = marshal(names)
	}
	return marshal(map[string]any{"triggerTime": triggerTime, "triggerName": "chaos", "payload": payload})
}

// garbage is payloads that must fail their invocation.
var garbage = []string{
	"", "null", "42", `"text"`, "[]", "{}", "\xff\xfe", `{"specversion":"1.0","id":"1","data":{"eventName":"CreateVpcPe`,
	`{"specversion":"1.0","id":"x","data":{"eventName":"CreateVpcPeerConnection","responseElements":{"InstanceId":"../../x"}}}`,
	`{"specversion":"1.0","data":{"eventName":"CreateVpcPeerConnection","responseElements":{"InstanceId":"pcc-1"}}}`,
	`{"triggerTime":"t","triggerName":"n","payload":"{\"regions\":[\"cn-elsewhere\"]}"}`,
	`{"triggerTime":"t","triggerName":"n","payload":"{\"regoins\":[\"cn-area-1\"]}"}`,
	`{"triggerName":"n"}`, `[[[[[[[[1]]]]]]]]`, `["{", 7]`,
}

func marshal(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // cannot happen: text, numbers and maps of them
	}
	return string(text)
}

package simulator_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/sts"

	"peerguard/function/peering"
	"peerguard/simulator"
)

const roleARN = "acs:ram::2222222222222222:role/peerguard"

// readOnly is a session policy that allows what a reader needs, and forbids one part of that again.
const readOnly = `{"Version":"1","Statement":[
	{"Effect":"Allow","Action":["vpc:Get*","vpc:ListVpcPeerConnections","vpc:Accept*"],"Resource":"*"},
	{"Effect":"Deny","Action":"vpc:AcceptVpcPeerConnection","Resource":["*"]}]}`

func withRole(c *simulator.Cloud) *simulator.Cloud {
	c.AddRole(simulator.Role{ARN: roleARN, TrustedAccounts: []peering.Account{accepter}})
	return c
}

func TestAssumeRole(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, start func(*simulator.Cloud) rig) {
		c := withRole(newCloud(request("pcc-1")))
		r := start(c)
		before := time.Now().Add(time.Hour - time.Second)
		got, err := r.as(sessionKey).assume(nil)
		if err != nil {
			t.Fatal(err)
		}
		if s := c.Stats(); s.MaxConcurrent != 1 || s.MaxConcurrentPartition != 0 {
			t.Errorf("a call of STS was counted in a partition: %+v", s)
		}
		ends, err := time.Parse(simulator.TimeFormat, got.Credentials.Expiration)
		if err != nil || ends.Before(before) || ends.After(time.Now().Add(time.Hour)) {
			t.Errorf("expires %q, %v", got.Credentials.Expiration, err)
		}
		if got.AssumedRoleUser.Arn != "acs:ram::2222222222222222:assumed-role/peerguard/peerguard" || got.AssumedRoleUser.AssumedRoleId == "" || got.RequestId == "" {
			t.Errorf("got %+v", got)
		}
		session := simulator.Key{ID: got.Credentials.AccessKeyId, Secret: got.Credentials.AccessKeySecret, Token: got.Credentials.SecurityToken}
		_, err = r.as(session).get("pcc-1")
		wantCode(t, "get with the session", err, "")
		if call := c.Calls()[1]; call.Account != requester {
			t.Errorf("the session acts for %q", call.Account)
		}
		if s := c.Stats(); s.ByAction["AssumeRole"] != 1 || s.MaxConcurrentPartition != 1 {
			t.Errorf("counted %+v", s)
		}
		if again, err := r.as(sessionKey).assume(nil); err != nil || again.Credentials.SecurityToken == session.Token {
			t.Errorf("got the same session twice: %v", err)
		}
		if !strings.Contains(strings.Join(c.Secrets(), " "), session.Token) {
			t.Error("the session's token is not among the secrets")
		}
	})
}

func TestAssumeRoleRefusals(t *testing.T) {
	t.Parallel()
	type req = sts.AssumeRoleRequest
	cases := []struct {
		name   string
		key    simulator.Key
		change func(*req)
		want   string
	}{
		{"everything allowed", accepterKey, func(q *req) {
			q.ExternalId, q.Policy, q.DurationSeconds, q.RoleSessionName = "a:b/c", readOnly, "900", "a.b-c_d@e"
		}, ""},
		{"no role", accepterKey, func(q *req) { q.RoleArn = "" }, "MissingRoleArn"},
		{"no name", accepterKey, func(q *req) { q.RoleSessionName = "" }, "MissingRoleSessionName"},
		{"not a role ARN", accepterKey, func(q *req) { q.RoleArn = "acs:ram::22:user/x" }, "InvalidParameter.RoleArn"},
		{"name too short", accepterKey, func(q *req) { q.RoleSessionName = "x" }, "InvalidParameter.RoleSessionName"},
		{"name with a space", accepterKey, func(q *req) { q.RoleSessionName = "a b" }, "InvalidParameter.RoleSessionName"},
		{"duration too short", accepterKey, func(q *req) { q.DurationSeconds = "899" }, "InvalidParameter.DurationSeconds"},
		{"longer than the role allows", accepterKey, func(q *req) { q.DurationSeconds = "3601" }, "InvalidParameter.DurationSeconds"},
		{"longer than any role allows", accepterKey, func(q *req) { q.DurationSeconds = "43201" }, "InvalidParameter.DurationSeconds"},
		{"external id too short", accepterKey, func(q *req) { q.ExternalId = "x" }, "InvalidParameter.ExternalId"},
		{"external id too long", accepterKey, func(q *req) { q.ExternalId = strings.Repeat("x", 1225) }, "InvalidParameter.ExternalId"},
		{"external id with a space", accepterKey, func(q *req) { q.ExternalId = "a b" }, "InvalidParameter.ExternalId"},
		{"policy too long", accepterKey, func(q *req) { q.Policy = strings.Repeat("x", 2049) }, "InvalidParameter.PolicySize"},
		{"policy not JSON", accepterKey, func(q *req) { q.Policy = "allow" }, "InvalidParameter.PolicyGrammar"},
		{"policy without a statement", accepterKey, func(q *req) { q.Policy = "{}" }, "InvalidParameter.PolicyGrammar"},
		{"policy with a statement that is not complete", accepterKey, func(q *req) { q.Policy = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"*"}]}` }, "InvalidParameter.PolicyGrammar"},
		{"policy with a condition", accepterKey, func(q *req) {
			q.Policy = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{}}]}`
		}, "InvalidParameter.PolicyGrammar"},
		{"policy of another version", accepterKey, func(q *req) { q.Policy = strings.Replace(readOnly, `"1"`, `"2"`, 1) }, "InvalidParameter.PolicyGrammar"},
		{"unknown role", accepterKey, func(q *req) { q.RoleArn += "2" }, "EntityNotExist.Role"},
		{"not trusted", strangerKey, func(*req) {}, "NoPermission"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := inProcess(withRole(newCloud())).as(tc.key).assume(tc.change)
			wantCode(t, "assume", err, tc.want)
		})
	}
	c := withRole(newCloud())
	c.Deny(accepter, "AssumeRole")
	_, err := inProcess(c).as(accepterKey).assume(nil)
	wantCode(t, "denied", err, "NoPermission")
}

func TestSessionsExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(request("pcc-1"))
		c.AddRole(simulator.Role{ARN: roleARN, TrustedAccounts: []peering.Account{accepter}, MaxSession: 2 * time.Hour})
		r := inProcess(c)
		got, err := r.as(accepterKey).assume(func(q *sts.AssumeRoleRequest) { q.DurationSeconds = "7200" })
		if err != nil {
			t.Fatal(err)
		}
		session := simulator.Key{ID: got.Credentials.AccessKeyId, Secret: got.Credentials.AccessKeySecret, Token: got.Credentials.SecurityToken}
		time.Sleep(2*time.Hour - time.Second)
		_, err = r.as(session).get("pcc-1")
		wantCode(t, "shortly before", err, "")
		time.Sleep(time.Second)
		_, err = r.as(session).get("pcc-1")
		wantCode(t, "after", err, "InvalidSecurityToken.Expired")
	})
}

func TestCallerIdentity(t *testing.T) {
	t.Parallel()
	c := withRole(newCloud())
	r := inProcess(c)
	s, err := r.as(accepterKey).assume(nil)
	if err != nil {
		t.Fatal(err)
	}
	session := simulator.Key{ID: s.Credentials.AccessKeyId, Secret: s.Credentials.AccessKeySecret, Token: s.Credentials.SecurityToken}
	for _, tc := range []struct {
		key                simulator.Key
		account, kind, arn string
		user, role, name   string // the first digit of UserId and of RoleId, and what follows the id in PrincipalId
	}{
		{accepterKey, string(accepter), "RAMUser", "acs:ram::1111111111111111:user/simulated-user", "2", "", ""},
		{sessionKey, string(accepter), "AssumedRoleUser", "acs:ram::1111111111111111:assumed-role/simulated-role/simulated-session", "", "3", ":simulated-session"},
		{session, string(requester), "AssumedRoleUser", "acs:ram::2222222222222222:assumed-role/peerguard/peerguard", "", "3", ":peerguard"},
	} {
		got, err := r.as(tc.key).sts().GetCallerIdentity(sts.CreateGetCallerIdentityRequest())
		if err != nil || got.AccountId != tc.account || got.IdentityType != tc.kind || got.Arn != tc.arn {
			t.Errorf("%v, %+v", err, got)
		}
		if !strings.HasPrefix(got.UserId, tc.user) || !strings.HasPrefix(got.RoleId, tc.role) || got.PrincipalId != got.UserId+got.RoleId+tc.name || len(got.UserId+got.RoleId) != 18 {
			t.Errorf("user %q, role %q, principal %q", got.UserId, got.RoleId, got.PrincipalId)
		}
	}
	if got := s.AssumedRoleUser.AssumedRoleId; !strings.HasSuffix(got, ":peerguard") || len(got) != 18+len(":peerguard") {
		t.Errorf("AssumedRoleId %q", got)
	}
}

func TestSourceIdentity(t *testing.T) {
	t.Parallel()
	c := withRole(newCloud())
	c.AddRole(simulator.Role{ARN: "acs:ram::1111111111111111:role/next", TrustedAccounts: []peering.Account{requester}})
	r := inProcess(c)
	assume := func(key simulator.Key, role, source string) (simulator.Key, string) {
		t.Helper()
		q := requests.NewCommonRequest()
		q.Domain, q.Version, q.ApiName, q.Method = "sts.aliyuncs.com", "2015-04-01", "AssumeRole", "POST"
		q.QueryParams = map[string]string{"RoleArn": role, "RoleSessionName": "peerguard", "SourceIdentity": source}
		resp, err := r.as(key).sts().ProcessCommonRequest(q)
		if err != nil {
			return simulator.Key{}, code(err)
		}
		var answer struct {
			SourceIdentity string
			Credentials    struct{ AccessKeyID, AccessKeySecret, SecurityToken string }
		}
		if err := json.Unmarshal(resp.GetHttpContentBytes(), &answer); err != nil {
			t.Fatal(err)
		}
		return simulator.Key{ID: answer.Credentials.AccessKeyID, Secret: answer.Credentials.AccessKeySecret, Token: answer.Credentials.SecurityToken}, answer.SourceIdentity
	}
	alice, got := assume(accepterKey, roleARN, "Alice")
	if got != "Alice" {
		t.Fatalf("the first session: %q", got)
	}
	nobody, got := assume(accepterKey, roleARN, "")
	if got != "" {
		t.Errorf("a session without one: %q", got)
	}
	for _, tc := range []struct {
		name         string
		key          simulator.Key
		source, want string
	}{
		{"inherited", alice, "", "Alice"}, {"repeated", alice, "Alice", "Alice"}, {"changed", alice, "Bob", "NoPermission"},
		{"set later", nobody, "Bob", "Bob"}, {"malformed", nobody, "B", "InvalidParameter.SourceIdentity"},
	} {
		if _, got := assume(tc.key, "acs:ram::1111111111111111:role/next", tc.source); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

// session assumes the role of withRole and returns its key.
func (r caller) session(t *testing.T, change func(*sts.AssumeRoleRequest)) simulator.Key {
	t.Helper()
	got, err := r.assume(change)
	if err != nil {
		t.Fatal(err)
	}
	return simulator.Key{ID: got.Credentials.AccessKeyId, Secret: got.Credentials.AccessKeySecret, Token: got.Credentials.SecurityToken}
}

func TestASessionPolicyLimitsTheSession(t *testing.T) {
	t.Parallel()
	mine := with(request("pcc-1"), func(it *simulator.Item) { it.AcceptingOwnerUID, it.OwnerID = it.OwnerID, it.AcceptingOwnerUID })
	for _, tc := range []struct {
		name, policy              string
		get, list, reject, accept string // codes
	}{
		{"none", "", "", "", "", "IncorrectStatus.VpcPeer"},
		{"read only", readOnly, "", "", "Forbidden.RAM", "Forbidden.RAM"},
		{"one action", `{"Version":"1","Statement":[{"Effect":"Allow","Action":"vpc:RejectVpcPeerConnection","Resource":"*"}]}`, "Forbidden.RAM", "Forbidden.RAM", "", "Forbidden.RAM"},
		{"everything", `{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`, "", "", "", "IncorrectStatus.VpcPeer"},
		{"another product", `{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:*","Resource":"*"}]}`, "Forbidden.RAM", "Forbidden.RAM", "Forbidden.RAM", "Forbidden.RAM"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := withRole(newCloud(mine))
			r := inProcess(c)
			s := r.as(r.as(accepterKey).session(t, func(q *sts.AssumeRoleRequest) { q.Policy = tc.policy }))
			if call := c.Calls()[0]; call.Policy != tc.policy || call.RoleARN != roleARN {
				t.Errorf("recorded %+v", call)
			}
			_, err := s.get("pcc-1")
			wantCode(t, "get", err, tc.get)
			_, err = s.list("", 0)
			wantCode(t, "list", err, tc.list)
			_, err = s.reject("pcc-1", "", false)
			wantCode(t, "reject", err, tc.reject)
			wantCode(t, "accept", s.accept("pcc-1"), tc.accept)
			if _, err := s.sts().GetCallerIdentity(sts.CreateGetCallerIdentityRequest()); err != nil {
				t.Errorf("GetCallerIdentity needs no permission, but got %v", err)
			}
		})
	}
}

func TestADenialNamesTheSessionPolicy(t *testing.T) {
	t.Parallel()
	c := withRole(newCloud(request("pcc-1")))
	r := inProcess(c)
	_, err := r.as(r.as(accepterKey).session(t, func(q *sts.AssumeRoleRequest) { q.Policy = readOnly })).reject("pcc-1", "", false)
	var e *sdkerrors.ServerError
	if !errors.As(err, &e) || e.HttpStatus() != 403 {
		t.Fatalf("got %v", err)
	}
	if d := e.AccessDeniedDetail(); d["PolicyType"] != "SessionPolicy" || d["AuthAction"] != "vpc:RejectVpcPeerConnection" || d["AuthPrincipalDisplayName"] != "peerguard:peerguard" {
		t.Errorf("detail %v", d)
	}
}

func TestExternalID(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ role, sent, want string }{
		{"", "", ""}, {"", "word", ""}, {"word", "word", ""},
		{"word", "", "NoPermission"}, {"word", "Word", "NoPermission"}, {"word", "words", "NoPermission"},
	} {
		c := newCloud()
		c.AddRole(simulator.Role{ARN: roleARN, TrustedAccounts: []peering.Account{accepter}, ExternalID: tc.role})
		_, err := inProcess(c).as(accepterKey).assume(func(q *sts.AssumeRoleRequest) { q.ExternalId = tc.sent })
		wantCode(t, tc.role+" "+tc.sent, err, tc.want)
		if call := c.Calls()[0]; call.ExternalID != tc.sent {
			t.Errorf("recorded %+v", call)
		}
	}
}

func TestAddKeyPanicsOnAMalformedPolicy(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	newCloud().AddKey(simulator.Key{ID: "STS.x", Policy: "{}"})
}

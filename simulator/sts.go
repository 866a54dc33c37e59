package simulator

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"peerguard/function/peering"
)

// Role is a RAM role that can be assumed through STS.
type Role struct {
	ARN             string            // acs:ram::<account>:role/<name>
	TrustedAccounts []peering.Account // accounts whose identities may assume it
	ExternalID      string            // ExternalId that a caller must send; "": none is needed
	MaxSession      time.Duration     // longest DurationSeconds that it allows; 0: an hour
}

// AddRole makes a role assumable. It replaces one with the same ARN.
func (c *Cloud) AddRole(r Role) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.roles == nil {
		c.roles = map[string]Role{}
	}
	c.roles[r.ARN] = r
}

var (
	roleARN         = regexp.MustCompile(`^acs:ram::([0-9]+):role/([A-Za-z0-9.@_-]+)$`)
	sessionForm     = regexp.MustCompile(`^[A-Za-z0-9.@_-]{2,64}$`)
	externalIDChars = regexp.MustCompile(`^[\w+=,.@:/-]*$`)
)

const (
	minSession    = 900   // seconds
	maxSession    = 43200 // seconds, of any role
	hour          = 3600  // seconds, the default
	maxExternalID = 1224  // characters
)

func externalIDForm(_ *Cloud, ps params) *apiError {
	v := ps.get("ExternalId")
	if v != "" && (len(v) < 2 || len(v) > maxExternalID || !externalIDChars.MatchString(v)) {
		return invalid("ExternalId")
	}
	return nil
}

// session is the answer of AssumeRole.
type session struct {
	RequestID       string      `json:"RequestId"`
	AssumedRoleUser assumedUser `json:"AssumedRoleUser"`
	Credentials     credentials `json:"Credentials"`
	SourceIdentity  string      `json:"SourceIdentity,omitempty"`
}

type assumedUser struct {
	ARN           string `json:"Arn"`
	AssumedRoleID string `json:"AssumedRoleId"`
}

type credentials struct {
	AccessKeyID     string `json:"AccessKeyId"`
	AccessKeySecret string `json:"AccessKeySecret"`
	SecurityToken   string `json:"SecurityToken"`
	Expiration      string `json:"Expiration"`
}

func (c *Cloud) assumeRole(cl *call) answer {
	arn, name := cl.params.get("RoleArn"), cl.params.get("RoleSessionName")
	cl.RoleARN, cl.Policy, cl.ExternalID = arn, cl.params.get("Policy"), cl.params.get("ExternalId")
	lasts := time.Duration(cl.params.number("DurationSeconds", hour)) * time.Second
	cl.wait(c.Latency)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.assumable(cl, arn, lasts); err != nil {
		return err.answer(cl)
	}
	k := c.issue(cl, name, lasts)
	return done(session{
		cl.RequestID,
		assumedUser{assumedARN(arn, name), roleID(arn) + ":" + name},
		credentials{k.ID, k.Secret, k.Token, stamp(k.Expires)},
		k.Source,
	})
}

// assumable refuses a role that does not exist, does not trust the caller, or does not allow so long a session. A wrong
// ExternalId is a missing trust, and so is the attempt to change a SourceIdentity.
// The lock is held.
func (c *Cloud) assumable(cl *call, arn string, lasts time.Duration) *apiError {
	role, ok := c.roles[arn]
	switch {
	case !ok:
		return &apiError{status: http.StatusNotFound, code: "EntityNotExist.Role", message: "The role not exists: " + arn + "."}
	case !slices.Contains(role.TrustedAccounts, cl.Account), role.ExternalID != "" && role.ExternalID != cl.ExternalID,
		cl.key.Source != "" && cl.key.Source != cl.sourceIdentity():
		return cl.forbidden("AssumeRolePolicy")
	case lasts > max(role.MaxSession, hour*time.Second):
		return badRequest("InvalidParameter.DurationSeconds", "The Max Session Duration of the role is shorter than %d seconds.", lasts/time.Second)
	}
	return nil
}

// sourceIdentity returns the SourceIdentity of the session that a call asks for. A session passes its own on.
func (cl *call) sourceIdentity() string {
	return cmp.Or(cl.params.get("SourceIdentity"), cl.key.Source)
}

// issue makes a session key. It looks random, says that it is simulated, and is never repeated. The lock is held.
func (c *Cloud) issue(cl *call, session string, lasts time.Duration) Key {
	n := c.serial.Add(1)
	k := Key{
		ID:      fmt.Sprintf("STS.Simulated%016X", scramble(n)),
		Secret:  fmt.Sprintf("SimulatedSecret%016x", scramble(^n)),
		Token:   fmt.Sprintf("SimulatedToken%016x%016x==", scramble(n<<1), scramble(^n<<1)),
		Account: peering.Account(roleARN.FindStringSubmatch(cl.RoleARN)[1]),
		Expires: time.Now().Add(lasts),
		Role:    cl.RoleARN,
		Session: session,
		Source:  cl.sourceIdentity(),
		Policy:  cl.Policy,
	}
	c.addKey(k)
	return k
}

// identity is the answer of GetCallerIdentity. A RAM user has a UserID, and a session has a RoleID.
type identity struct {
	RequestID    string `json:"RequestId"`
	IdentityType string `json:"IdentityType"`
	AccountID    string `json:"AccountId"`
	PrincipalID  string `json:"PrincipalId"`
	UserID       string `json:"UserId,omitempty"`
	ARN          string `json:"Arn"`
	RoleID       string `json:"RoleId,omitempty"`
}

func (c *Cloud) callerIdentity(cl *call) answer {
	cl.wait(c.Latency)
	id := identity{RequestID: cl.RequestID, IdentityType: cl.key.kind(), AccountID: string(cl.Account)}
	if cl.key.isSession() {
		id.ARN = assumedARN(cl.key.role(), cl.key.session())
		id.RoleID = roleID(cl.key.role())
		id.PrincipalID = id.RoleID + ":" + cl.key.session()
		return done(id)
	}
	id.ARN = fmt.Sprintf("acs:ram::%s:user/%s", cl.Account, cl.key.name())
	id.UserID = numericID(2, id.ARN)
	id.PrincipalID = id.UserID
	return done(id)
}

// assumedARN names the session of a role.
func assumedARN(role, session string) string {
	return strings.Replace(role, ":role/", ":assumed-role/", 1) + "/" + session
}

// roleID returns the id of a role.
func roleID(arn string) string { return numericID(3, arn) }

// numericID returns an id of 18 digits for an ARN. The first digit tells users and roles apart.
func numericID(first int, arn string) string {
	var sum uint64
	for i := range len(arn) {
		sum = scramble(sum + uint64(arn[i]))
	}
	return fmt.Sprintf("%d%017d", first, sum%1e17)
}

package simulator

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"peerguard/function/peering"
)

var (
	roleARN     = regexp.MustCompile(`^acs:ram::([0-9]+):role/([A-Za-z0-9.@_-]+)$`)
	sessionName = regexp.MustCompile(`^[A-Za-z0-9.@_-]{2,64}$`)
	externalID  = regexp.MustCompile(`^[\w+=,.@:/-]*$`)
)

const (
	minSession = 900   // seconds
	maxSession = 43200 // seconds, of any role
	hour       = 3600  // seconds, the default
	maxPolicy  = 2048  // characters
	// maxExternal is how many characters an ExternalId has at most.
	maxExternal = 1224
)

// session is the answer of AssumeRole.
type session struct {
	RequestID       string      `json:"RequestId"`
	AssumedRoleUser assumedUser `json:"AssumedRoleUser"`
	Credentials     credentials `json:"Credentials"`
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
	seconds, err := checkSession(cl.params, arn, name)
	if err != nil {
		return err.answer(cl)
	}
	cl.wait(c.Latency)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.assumable(cl, arn, seconds); err != nil {
		return err.answer(cl)
	}
	k := c.issue(arn, name, time.Duration(seconds)*time.Second)
	return done(session{
		cl.RequestID,
		assumedUser{assumedARN(arn, name), digits(arn) + ":" + name},
		credentials{k.ID, k.Secret, k.Token, k.Expires.UTC().Format(TimeFormat)},
	})
}

// checkSession checks the form of what an AssumeRole asks for, and gives its duration in seconds.
func checkSession(ps params, arn, name string) (int, *apiError) {
	switch {
	case arn == "":
		return 0, missing("RoleArn")
	case name == "":
		return 0, missing("RoleSessionName")
	case !roleARN.MatchString(arn):
		return 0, badRequest("InvalidParameter.RoleArn", "The specified parameter RoleArn is not valid.")
	case !sessionName.MatchString(name):
		return 0, badRequest("InvalidParameter.RoleSessionName", "The specified parameter RoleSessionName is not valid.")
	case len(ps.get("Policy")) > maxPolicy:
		return 0, badRequest("InvalidParameter.PolicySize", "The size of Policy must be smaller than %d bytes.", maxPolicy)
	}
	if v := ps.get("ExternalId"); v != "" && (len(v) < 2 || len(v) > maxExternal || !externalID.MatchString(v)) {
		return 0, badRequest("InvalidParameter.ExternalId", "The specified parameter ExternalId is not valid.")
	}
	return ps.number("DurationSeconds", hour, minSession, maxSession, "InvalidParameter.DurationSeconds")
}

// assumable checks the role itself: it exists, trusts the caller, and grants that long a session. The lock is held.
func (c *Cloud) assumable(cl *call, arn string, seconds int) *apiError {
	role, ok := c.roles[arn]
	switch {
	case !ok:
		return &apiError{status: http.StatusNotFound, code: "EntityNotExist.Role", message: "The role not exists: " + arn + "."}
	case !slices.Contains(role.TrustedAccounts, cl.Account):
		return forbidden("NoPermission", "sts:AssumeRole", cl.key)
	case time.Duration(seconds)*time.Second > max(role.MaxSession, hour*time.Second):
		return badRequest("InvalidParameter.DurationSeconds", "The Max Session Duration of the role is shorter than %d seconds.", seconds)
	}
	return nil
}

// issue makes a new session key. It looks random, says what it is, and is never the same twice. The lock is held.
func (c *Cloud) issue(arn, session string, d time.Duration) Key {
	now := time.Now()
	n := c.serial.Add(1)
	k := Key{
		ID:      fmt.Sprintf("STS.Simulated%016X", scramble(n)),
		Secret:  fmt.Sprintf("SimulatedSecret%016x", scramble(^n)),
		Token:   fmt.Sprintf("SimulatedToken%016x%016x==", scramble(n<<1), scramble(^n<<1)),
		Account: peering.Account(roleARN.FindStringSubmatch(arn)[1]),
		Expires: now.Add(d),
		Role:    arn,
		Session: session,
	}
	c.keys[k.ID] = k
	return k
}

// identity is the answer of GetCallerIdentity.
type identity struct {
	RequestID    string `json:"RequestId"`
	IdentityType string `json:"IdentityType"`
	AccountID    string `json:"AccountId"`
	PrincipalID  string `json:"PrincipalId"`
	UserID       string `json:"UserId"`
	ARN          string `json:"Arn"`
	RoleID       string `json:"RoleId"`
}

func (c *Cloud) callerIdentity(cl *call) answer {
	cl.wait(c.Latency)
	id := identity{
		RequestID:    cl.RequestID,
		IdentityType: cl.key.kind(),
		AccountID:    string(cl.Account),
		PrincipalID:  cl.key.name(),
		ARN:          fmt.Sprintf("acs:ram::%s:user/%s", cl.Account, cl.key.name()),
	}
	if cl.key.Role != "" {
		id.ARN = assumedARN(cl.key.Role, cl.key.Session)
		id.RoleID = digits(cl.key.Role)
	}
	return done(id)
}

// assumedARN names the session of a role.
func assumedARN(role, session string) string {
	return strings.Replace(role, ":role/", ":assumed-role/", 1) + "/" + session
}

// digits makes the numeric id of a role.
func digits(arn string) string {
	var sum uint64
	for i := range len(arn) {
		sum = scramble(sum + uint64(arn[i]))
	}
	return fmt.Sprintf("%018d", sum%1e18)
}

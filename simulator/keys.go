package simulator

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"peerguard/function/peering"
)

// Key is a credential that the gateway accepts.
type Key struct {
	ID      string // access key id
	Secret  string
	Token   string // security token; not empty: the triple is a session, and calls must carry it
	Account peering.Account
	Expires time.Time // zero: never
	Role    string    // ARN of the role whose session this is, if any; for GetCallerIdentity and denials
	Session string    // RoleSessionName of that session
}

// Role is a RAM role that can be assumed through STS.
type Role struct {
	ARN             string            // acs:ram::<account>:role/<name>
	TrustedAccounts []peering.Account // accounts whose identities may assume it
	MaxSession      time.Duration     // longest DurationSeconds that it grants; 0: an hour
}

// permission names what an account lacks: an action, or all of them where it is "*".
type permission struct {
	account peering.Account
	action  string
}

// AddKey makes the gateway accept a credential, or replaces the one that has the same id.
func (c *Cloud) AddKey(k Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys == nil {
		c.keys = map[string]Key{}
	}
	c.keys[k.ID] = k
}

// RemoveKey makes the gateway forget a credential.
func (c *Cloud) RemoveKey(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.keys, id)
}

// AddRole makes a role assumable, or replaces the one that has the same ARN.
func (c *Cloud) AddRole(r Role) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.roles == nil {
		c.roles = map[string]Role{}
	}
	c.roles[r.ARN] = r
}

// Deny takes the permission for an action, or for all of them with "*", from every identity of an account.
func (c *Cloud) Deny(a peering.Account, action string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.denied == nil {
		c.denied = map[permission]bool{}
	}
	c.denied[permission{a, action}] = true
}

// Allow undoes Deny with the same arguments.
func (c *Cloud) Allow(a peering.Account, action string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.denied, permission{a, action})
}

// Secrets gives every secret and security token that the cloud accepts or has given out and not yet forgotten,
// for tests that look for them where they must not be.
func (c *Cloud) Secrets() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []string
	for _, k := range c.keys {
		all = append(all, k.Secret)
		if k.Token != "" {
			all = append(all, k.Token)
		}
	}
	return all
}

// authenticate finds out who calls, and refuses who cannot prove it.
func (c *Cloud) authenticate(cl *call) *apiError {
	if err := cl.complete(); err != nil {
		return err
	}
	c.mu.Lock()
	key, known := c.keys[cl.params.get("AccessKeyId")]
	c.mu.Unlock()
	now := time.Now()
	if !known {
		return &apiError{status: http.StatusNotFound, code: "InvalidAccessKeyId.NotFound", message: "Specified access key is not found."}
	}
	if err := key.check(cl.params.get("SecurityToken"), now); err != nil {
		return err
	}
	if err := cmp.Or(cl.checkTime(now), cl.checkSignature(key)); err != nil {
		return err
	}
	cl.key, cl.Account = key, key.Account
	return c.useNonce(cl, now)
}

// required are the parameters without which nothing can be checked.
var required = []string{"Action", "Version", "AccessKeyId", "Timestamp", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Signature"}

func (cl *call) complete() *apiError {
	if cl.message.method != http.MethodGet && cl.message.method != http.MethodPost {
		return &apiError{status: http.StatusNotFound, code: "UnsupportedHTTPMethod", message: "This http method is not supported."}
	}
	for _, name := range required {
		if cl.params.get(name) == "" {
			return missing(name)
		}
	}
	return nil
}

// useNonce comes last: a call that proved nothing must not be able to burn somebody's nonce.
func (c *Cloud) useNonce(cl *call, now time.Time) *apiError {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.nonces.used(cl.key.ID, cl.params.get("SignatureNonce"), now) {
		return badRequest("SignatureNonceUsed", "Specified signature nonce was used already.")
	}
	return nil
}

// check compares the security token of a call with that of its key.
func (k Key) check(token string, now time.Time) *apiError {
	switch {
	case k.Token == "" && token == "":
		return nil
	case token == "", strings.ContainsAny(token, " \t\r\n"):
		return badRequest("InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.")
	case token != k.Token:
		return badRequest("InvalidSecurityToken.MismatchWithAccessKey", "Specified SecurityToken mismatch with the AccessKey.")
	case !k.Expires.IsZero() && !now.Before(k.Expires):
		return badRequest("InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
	}
	return nil
}

// kind is the identity's type in the words of STS.
func (k Key) kind() string {
	if k.Role != "" || k.Token != "" {
		return "AssumedRoleUser"
	}
	return "RAMUser"
}

// name is how answers call the identity.
func (k Key) name() string {
	if k.Role != "" {
		return k.Role[strings.LastIndexByte(k.Role, '/')+1:] + ":" + k.Session
	}
	return k.ID
}

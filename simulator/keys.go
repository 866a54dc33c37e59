package simulator

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"net/http"
	"strings"
	"time"

	"peerguard/function/peering"
)

// Key is a credential that the gateway accepts.
type Key struct {
	ID      string // access key id
	Secret  string
	Token   string // security token; if set, the key is a session and calls must carry the token
	Account peering.Account
	Expires time.Time // zero: never
	Role    string    // ARN of the role whose session this is, or ""; for GetCallerIdentity and denials
	Session string    // RoleSessionName of that session
	Source  string    // SourceIdentity of that session and of all that it leads to, or ""
	Policy  string    // session policy, which limits what the session may call; "": no limit

	policy *sessionPolicy // of Policy; nil: no limit
}

// permission names what an account may not do: an action, or all actions if it is "*".
type permission struct {
	account peering.Account
	action  string
}

// AddKey makes the gateway accept a credential. It replaces one with the same id. It panics on a malformed Policy.
func (c *Cloud) AddKey(k Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.addKey(k)
}

func (c *Cloud) addKey(k Key) {
	if c.keys == nil {
		c.keys = map[string]Key{}
	}
	if k.Policy != "" {
		policy, err := parseSessionPolicy(k.Policy)
		if err != nil {
			panic("simulator: " + err.Error())
		}
		k.policy = policy
	}
	c.keys[k.ID] = k
}

// RemoveKey makes the gateway forget a credential.
func (c *Cloud) RemoveKey(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.keys, id)
}

// Deny forbids an action, or all actions with "*", to every identity of an account.
func (c *Cloud) Deny(a peering.Account, action string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.denied == nil {
		c.denied = map[permission]bool{}
	}
	c.denied[permission{a, action}] = true
}

// Allow undoes a Deny with the same arguments.
func (c *Cloud) Allow(a peering.Account, action string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.denied, permission{a, action})
}

// Secrets returns every secret and security token that the cloud accepts or has issued and not removed.
// Tests use it to look for secrets where they must not be.
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

// authenticate finds out who calls, and refuses a caller that does not prove it.
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
	if err := cl.checkTime(now); err != nil {
		return err
	}
	if err := cl.checkSignature(key); err != nil {
		return err
	}
	cl.key, cl.Account = key, key.Account
	return c.useNonce(cl, now)
}

// authentication are the parameters without which a call cannot be authenticated.
var authentication = []string{"Action", "Version", "AccessKeyId", "Timestamp", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Signature"}

func (cl *call) complete() *apiError {
	if cl.message.method != http.MethodGet && cl.message.method != http.MethodPost {
		return &apiError{status: http.StatusNotFound, code: "UnsupportedHTTPMethod", message: "This http method is not supported."}
	}
	for _, name := range authentication {
		if cl.params.get(name) == "" {
			return missing(name)
		}
	}
	return nil
}

// useNonce comes last: a caller that proved nothing must not be able to use up somebody's nonce.
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

// isSession reports whether the identity is a session of a role, and not a RAM user.
func (k Key) isSession() bool { return k.Role != "" || k.Token != "" }

// kind returns the type of the identity in the words of STS.
func (k Key) kind() string {
	if k.isSession() {
		return "AssumedRoleUser"
	}
	return "RAMUser"
}

// The names of identities that have none. They are not the id of the key, because clients keep that out of what they print.
const (
	userName    = "simulated-user"
	roleName    = "simulated-role"
	sessionName = "simulated-session"
)

// name returns the name of the identity in answers.
func (k Key) name() string {
	if !k.isSession() {
		return userName
	}
	role := k.role()
	return role[strings.LastIndexByte(role, '/')+1:] + ":" + k.session()
}

// role returns the ARN of the role of a session.
func (k Key) role() string {
	return cmp.Or(k.Role, fmt.Sprintf("acs:ram::%s:role/%s", k.Account, roleName))
}

// session returns the RoleSessionName of a session.
func (k Key) session() string { return cmp.Or(k.Session, sessionName) }

// nonces remembers which nonces were used, at least as long as their timestamps are valid, in bounded memory:
// it keeps two generations of hashes and drops the older one when the younger one is full or old.
type nonces struct {
	seed         maphash.Seed
	young, older map[uint64]struct{}
	since        time.Time
}

const maxNonces = 1 << 19 // of a generation

// used records a nonce of a key and reports whether it had been used before.
func (n *nonces) used(key, nonce string, now time.Time) bool {
	if n.young == nil {
		n.seed = maphash.MakeSeed()
	}
	if n.young == nil || len(n.young) >= maxNonces || now.Sub(n.since) > 2*skew {
		n.older, n.young, n.since = n.young, map[uint64]struct{}{}, now
	}
	h := maphash.String(n.seed, key+"\x00"+nonce)
	_, old := n.older[h]
	_, young := n.young[h]
	n.young[h] = struct{}{}
	return old || young
}

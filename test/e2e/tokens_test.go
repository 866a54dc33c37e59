package e2e_test

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"

	"peerguard/simulator"
)

// The client tokens as the contract describes them, derived without the code under test.

var (
	plainToken   = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,64}$`)
	sixtyFourHex = regexp.MustCompile(`^[0-9A-Fa-f]{64}$`) // what could be another token's hash
	hashToken    = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

func eventToken(id string) string {
	if plainToken.MatchString(id) && !sixtyFourHex.MatchString(id) {
		return id
	}
	return digest(id)
}

func sweepToken(triggerTime, instanceID string) string {
	return digest("sweep\n" + triggerTime + "\n" + instanceID)
}

// substitute is the token to use instead of one that the API refuses.
func substitute(token, instanceID string) string { return digest(token + "\n" + instanceID) }

// explained returns the tokens that a rejection may carry for an event or a timer: its own token, the one of its dry run,
// and the substitute for either.
func explained(token, instanceID string) map[string]bool {
	dry := digest("dry-run\n" + token)
	return map[string]bool{token: true, dry: true, substitute(token, instanceID): true, substitute(dry, instanceID): true}
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// explains reports whether an event or a timer asked for a call that rejects, by its client token. A random token is only
// for when the API has refused both a token and its substitute, once for each time.
func (c *checker) explains(s *subject, call simulator.Call) bool {
	if s.tokens[call.ClientToken] || c.sweepExplains(call) {
		return true
	}
	if s.random == 0 || !hashToken.MatchString(call.ClientToken) {
		return false
	}
	s.random--
	s.tokens[call.ClientToken] = true // a repeated call keeps its token
	return true
}

func (c *checker) sweepExplains(call simulator.Call) bool {
	for _, a := range c.sweeps {
		if a.mayWork(call.Time) && explained(sweepToken(a.Sweep.TriggerTime, call.InstanceID), call.InstanceID)[call.ClientToken] {
			return true
		}
	}
	return false
}

// refuse notes that the API refused a token for a connection.
func (s *subject) refuse(instanceID, token string) {
	s.refused[token] = true
	for earlier := range s.refused {
		if substitute(earlier, instanceID) == token {
			s.random++
		}
	}
}

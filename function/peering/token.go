package peering

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// A client token makes repeats of one rejection a single effect: the API remembers the tokens that it has seen and acts
// once for each. All tokens that peerguard sends are derived here. Hashed ones are SHA-256 in lower-case hex.

// The API takes up to 64 ASCII characters; these do not need escaping anywhere.
const (
	tokenCharacters = Letters + Digits + "._:-"
	tokenLength     = 64
	hexDigits       = Digits + "abcdefABCDEF"
)

// EventToken returns the client token of an event: its id if that can be sent as it is, else the id's hash. An id that could
// be a hash is hashed: the sender of an event must not be able to use up the token of a sweep.
func EventToken(eventID string) string {
	couldBeHash := len(eventID) == tokenLength && MadeOf(hexDigits, eventID, tokenLength)
	if MadeOf(tokenCharacters, eventID, tokenLength) && !couldBeHash {
		return eventID
	}
	return hash(eventID)
}

// SweepToken returns the client token of one connection in a sweep. It is the same for every delivery of one timer event,
// and a different one for the next.
func SweepToken(triggerTime, instanceID string) string {
	return hash("sweep", triggerTime, instanceID)
}

// DryRunToken returns the client token of a dry run. The real rejection needs the token for itself: the API refuses a
// token that comes back with other parameters.
func DryRunToken(token string) string { return hash("dry-run", token) }

// SubstituteToken returns the token to send instead of one that the API has seen with other parameters.
func SubstituteToken(token, instanceID string) string { return hash(token, instanceID) }

// hash returns the SHA-256 of the parts, one a line.
func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:])
}

// RandomToken returns a token that nobody can know before it is used: 64 hex digits.
func RandomToken() string {
	var random [32]byte
	_, _ = rand.Read(random[:]) // it never fails
	return hex.EncodeToString(random[:])
}

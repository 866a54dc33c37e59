package event

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// What may be sent as a ClientToken as it is: the API takes 64 ASCII characters.
const (
	tokenCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-"
	tokenLength     = 64
)

// ClientToken makes every delivery of the event one effect: it is the event's id where that can be a token, else the
// id's SHA-256 in lower-case hex.
func (h Hint) ClientToken() string {
	if h.ID != "" && len(h.ID) <= tokenLength && strings.Trim(h.ID, tokenCharacters) == "" {
		return h.ID
	}
	return digest(h.ID)
}

// ClientToken makes every delivery of the timer event one effect on each connection: the SHA-256, in lower-case hex, of
// "sweep", the trigger's time and the connection's id, one a line.
func (s *Sweep) ClientToken(instanceID string) string {
	return digest("sweep\n" + s.TriggerTime + "\n" + instanceID)
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

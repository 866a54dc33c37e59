package peering

import (
	"fmt"
	"io"
)

// Credentials sign calls to the cloud. They print and marshal as a placeholder, in every format; only the methods named
// after the secrets return them. The zero Credentials are none, and == tells whether two values come from one
// NewCredentials.
//
// The secrets are kept behind pointers to strings, because fmt calls no method of a value in an unexported field. There it
// prints the addresses, whatever the verb. It would follow a pointer to a struct.
type Credentials struct{ accessKeyID, accessKeySecret, securityToken *string }

const placeholder = "[credentials]"

// NewCredentials returns the credentials of an access key, or of a session if there is a security token.
func NewCredentials(accessKeyID, accessKeySecret, securityToken string) Credentials {
	return Credentials{&accessKeyID, &accessKeySecret, &securityToken}
}

// AccessKeyID returns the id of the access key.
func (c Credentials) AccessKeyID() string { return reveal(c.accessKeyID) }

// AccessKeySecret returns the secret of the access key.
func (c Credentials) AccessKeySecret() string { return reveal(c.accessKeySecret) }

// SecurityToken returns the token of the session, "" if the access key is not a session's.
func (c Credentials) SecurityToken() string { return reveal(c.securityToken) }

func reveal(secret *string) string {
	if secret == nil {
		return ""
	}
	return *secret
}

// String returns a placeholder.
func (Credentials) String() string { return placeholder }

// GoString returns a placeholder.
func (Credentials) GoString() string { return placeholder }

// Format writes a placeholder for every verb, %d and %x included.
func (Credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, placeholder) }

// MarshalText returns a placeholder to every encoder that asks, encoding/json, log/slog and zerolog among them.
func (Credentials) MarshalText() ([]byte, error) { return []byte(placeholder), nil }

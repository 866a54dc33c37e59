package platform

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"

	"peerguard/function/peering"
)

// Secrets are credentials that look like real ones and are easy to recognise.
type Secrets struct{ AccessKeyID, AccessKeySecret, SecurityToken string }

// Sealed returns the secrets as an invocation holds them.
func (s Secrets) Sealed() peering.Credentials {
	return peering.NewCredentials(s.AccessKeyID, s.AccessKeySecret, s.SecurityToken)
}

// Credentials returns the credentials that come with every invocation.
func Credentials() Secrets {
	return Secrets{
		AccessKeyID:     "STS.NTcanaryAccessKeyIdOfTheInvocation",
		AccessKeySecret: "CanaryAccessKeySecretOfTheInvocation44c9",
		SecurityToken:   "CAIScanary+Security/Token=Of&TheInvocation%7e==",
	}
}

// processCredentials returns the credentials in the environment of a process, which the function has no reason to use.
func processCredentials() Secrets {
	return Secrets{
		AccessKeyID:     "STS.NTcanaryAccessKeyIdOfTheProcess",
		AccessKeySecret: "CanaryAccessKeySecretOfTheProcess1f0b",
		SecurityToken:   "CAIScanary+Security/Token=Of&TheProcess%7e==",
	}
}

// Leaks names every secret of an invocation or a process that output holds: as it is, escaped for a URL or for JSON,
// in hexadecimal, or anywhere inside a base64 text.
func Leaks(output string) []string {
	var found []string
	for _, c := range []struct {
		of string
		Secrets
	}{{"the invocation", Credentials()}, {"the process", processCredentials()}} {
		for name, secret := range map[string]string{
			"AccessKeyId": c.AccessKeyID, "AccessKeySecret": c.AccessKeySecret, "SecurityToken": c.SecurityToken,
		} {
			if holds(output, secret) {
				found = append(found, name+" of "+c.of)
			}
		}
	}
	return found
}

func holds(output, secret string) bool {
	forms := []string{
		secret,
		url.QueryEscape(secret), url.PathEscape(secret), url.QueryEscape(url.QueryEscape(secret)),
		strings.ReplaceAll(secret, "&", `\u0026`),
		hex.EncodeToString([]byte(secret)),
	}
	for shift := range 3 {
		forms = append(forms, inBase64(secret, shift))
	}
	for _, form := range forms {
		if strings.Contains(output, form) || strings.Contains(output, strings.NewReplacer("+", "-", "/", "_").Replace(form)) {
			return true
		}
	}
	return false
}

// inBase64 is the part of a base64 text that is sure to be there when secret begins shift bytes into a group of three.
func inBase64(secret string, shift int) string {
	text := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + secret))
	first := (shift*8 + 5) / 6            // characters that depend on what goes before
	last := (shift + len(secret)) * 8 / 6 // characters that depend on the secret alone
	return text[first:last]
}

package acs

import (
	"net/url"
	"strings"
	"unicode"

	"peerguard/function/peering"
)

const (
	redacted   = "[redacted]"
	maxMessage = 512 // bytes of a message of the API that are worth keeping
)

// redactor keeps the secrets of one exchange out of text that comes back from outside.
// It holds a function, because fmt would print the secrets of a Replacer.
type redactor struct{ replace func(string) string }

func newRedactor(creds peering.Credentials, signature string) redactor {
	var pairs []string
	for _, secret := range []string{creds.AccessKeyID(), creds.AccessKeySecret(), creds.SecurityToken(), signature} {
		if secret == "" {
			continue
		}
		once := url.QueryEscape(secret)
		pairs = append(pairs, secret, redacted, once, redacted, url.QueryEscape(once), redacted)
	}
	return redactor{strings.NewReplacer(pairs...).Replace}
}

// clean returns a text on one line, of bounded length, without the exchange's secrets.
func (r redactor) clean(text string) string {
	text = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, r.replace(strings.ToValidUTF8(text, "")))
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	return text
}

package acs

import (
	"html"
	"strconv"
	"strings"
	"unicode"

	"peerguard/function/peering"
)

const (
	redacted    = "[redacted]"
	pieceLength = 16                  // bytes of a secret that are not shown together
	shortSecret = 6                   // a shorter one is not a key or a token, and would hide a part of many words
	ellipsis    = "…"                 // ends a text that was cut
	maxMessage  = 512 + len(ellipsis) // bytes of a message that are worth keeping
	maxText     = 128                 // bytes of any other text of an answer
	maxRounds   = 8                   // of decoding: no honest text is escaped more often
)

// redactor keeps the secrets of one exchange out of text that comes back from outside. It holds a function, because fmt
// would print the secrets.
type redactor struct{ hide func(string) string }

func newRedactor(creds peering.Credentials, signature string) redactor {
	var secrets []string
	keep := func(form string) {
		if len(form) >= shortSecret {
			secrets = append(secrets, form)
		}
	}
	for _, secret := range []string{creds.AccessKeyID(), creds.AccessKeySecret(), creds.SecurityToken(), signature} {
		keep(secret)
		undo(secret, keep) // a secret may hold what looks like an escape
	}
	return redactor{func(text string) string {
		for _, secret := range secrets {
			text = hidePieces(text, secret)
		}
		return text
	}}
}

// clean returns a text on one line of most bytes, without the exchange's secrets: whole, in pieces, or escaped. A text
// that repeats a secret comes back without any escapes.
func (r redactor) clean(text string, most int) string {
	shown := printable(text[:min(len(text), 4*most)])
	plainest, found := shown, r.hide(shown) != shown
	plain := undo(shown, func(form string) {
		plainest, found = form, found || r.hide(form) != form
	})
	if found {
		shown = r.hide(plainest)
	}
	if !plain || found && shown == plainest { // what was found is no longer as it was, but part of it may still be there
		return redacted
	}
	if len(shown) > most {
		return strings.ToValidUTF8(shown[:most-len(ellipsis)], "") + ellipsis
	}
	return shown
}

// hidePieces replaces everything that a text has in common with a secret.
func hidePieces(text, secret string) string {
	piece := min(pieceLength, len(secret))
	if !mayShare(text, secret, (piece+1)/2) {
		return text
	}
	var out strings.Builder
	kept := 0
	for i := 0; i+piece <= len(text); {
		end := i + piece
		if !strings.Contains(secret, text[i:end]) {
			i++
			continue
		}
		for end < len(text) && strings.Contains(secret, text[i:end+1]) {
			end++
		}
		out.WriteString(text[kept:i] + redacted)
		i, kept = end, end
	}
	return out.String() + text[kept:]
}

// mayShare reports whether one of the blocks that a text consists of is part of a secret. Every piece of twice a block's
// length covers a whole block, so few places of the text have to be looked at.
func mayShare(text, secret string, block int) bool {
	for i := 0; i+block <= len(text); i += block {
		if strings.Contains(secret, text[i:i+block]) {
			return true
		}
	}
	return false
}

// printable returns valid UTF-8 on one line. Marks that change the direction of text, and others without a shape, become
// blanks.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return ' '
	}, strings.ToValidUTF8(text, ""))
}

// decoders undo one kind of escape each, once.
var decoders = []func(string) string{
	func(text string) string { return decodeHex(text, "%", 2) },
	func(text string) string { return decodeHex(text, "%u", 4) },
	func(text string) string { return decodeHex(text, `\x`, 2) },
	func(text string) string { return decodeHex(text, `\u`, 4) },
	func(text string) string { return strings.ReplaceAll(text, `\`, "") },
	html.UnescapeString,
}

// undo undoes the escapes of a text until none is left, and shows the text to see after each step. It reports whether none
// is left.
func undo(text string, see func(form string)) (plain bool) {
	for range maxRounds {
		before := text
		for _, decode := range decoders {
			if next := decode(text); next != text {
				text = printable(next)
				see(text)
			}
		}
		if text == before {
			return true
		}
	}
	return false
}

// decodeHex decodes the characters that a text names by a prefix and a number of hexadecimal digits. Two digits are a
// byte.
func decodeHex(text, prefix string, digits int) string {
	if !strings.Contains(text, prefix) {
		return text
	}
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, prefix)
		out.WriteString(before)
		if !found {
			return out.String()
		}
		text = after
		code, err := strconv.ParseUint(after[:min(digits, len(after))], 16, 32)
		switch {
		case err != nil || len(after) < digits:
			out.WriteString(prefix)
			continue
		case digits == 2:
			out.WriteByte(byte(code))
		default:
			out.WriteRune(rune(code))
		}
		text = after[digits:]
	}
}

package policy

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"peerguard/function/peering"
)

// word checks one element of a list; the complaint is empty when it is good.
type word func(text string) (complaint string)

// words gives the good elements of a list of words.
func (d *decoder) words(n *yaml.Node, key string, check word) []string {
	var good []string
	d.list(n, key, leaveOut, func(e *yaml.Node) {
		if text := d.checked(e, "an element of "+key, check); text != "" {
			good = append(good, text)
		}
	})
	return good
}

const leaveOut = "name at least one, or leave the key out"

// checked gives a text if it is good, else nothing.
func (d *decoder) checked(n *yaml.Node, what string, check word) string {
	text, ok := d.text(n, what)
	if !ok {
		return ""
	}
	if complaint := check(text); complaint != "" {
		d.bad(n, "%s", complaint)
		return ""
	}
	return text
}

// accountID gives an account id if it is a good one, else nothing. Quoted or not, it stays the digits as written.
func (d *decoder) accountID(n *yaml.Node) peering.Account {
	id, ok := d.scalar(n, "an account id")
	if !ok {
		return ""
	}
	if complaint := account(id); complaint != "" {
		d.bad(n, "%s", complaint)
		return ""
	}
	return peering.Account(id)
}

func region(text string) string {
	if peering.ValidRegion(text) {
		return ""
	}
	if lower := strings.ToLower(text); peering.ValidRegion(lower) {
		return fmt.Sprintf("bad region %q, did you mean %q?", text, lower)
	}
	return fmt.Sprintf("bad region %q: a region is written like cn-hangzhou", text)
}

func vpc(text string) string {
	if peering.ValidVPC(text) {
		return ""
	}
	return fmt.Sprintf("bad VPC id %q: it is written like vpc-bp1aevy8sofi8mh1q", text)
}

// A role's name is 64 of these at most.
const (
	nameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
	nameLength     = 64
)

// roleAccount gives the account of a role's ARN.
func roleAccount(arn string) (a peering.Account, ok bool) {
	rest, ram := strings.CutPrefix(arn, "acs:ram::")
	id, name, role := strings.Cut(rest, ":role/")
	named := name != "" && len(name) <= nameLength && strings.Trim(name, nameCharacters) == ""
	return peering.Account(id), ram && role && peering.ValidAccount(id) && named
}

func account(text string) string {
	if peering.ValidAccount(text) {
		return ""
	}
	return fmt.Sprintf("bad account id %q: it is written in digits only, 20 at most", text)
}

// ruleCIDR checks a CIDR of a rule. Unlike the API's, it must be written without host bits.
func ruleCIDR(text string) string {
	p, ok := parseCIDR(text)
	if !ok {
		if _, err := netip.ParseAddr(text); err == nil {
			return fmt.Sprintf("bad CIDR %q: its length is missing, as in %s/16", text, text)
		}
		return fmt.Sprintf("bad CIDR %q: it is written like 10.1.0.0/16 or 2001:db8::/32", text)
	}
	if p.String() != text && netip.MustParsePrefix(text) != netip.MustParsePrefix(text).Masked() {
		return fmt.Sprintf("bad CIDR %q: it has host bits, did you mean %q?", text, p)
	}
	return ""
}

// parseUntil gives the first instant at which a rule no longer matches: after the day, or just behind the instant.
func parseUntil(text string) (end time.Time, ok bool) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.AddDate(0, 0, 1), true
	}
	last, ok := parseInstant(text)
	return last.Add(time.Nanosecond), ok
}

// parseInstant reads an RFC 3339 date-time. UnmarshalText is stricter than time.Parse and keeps to the RFC.
func parseInstant(text string) (at time.Time, ok bool) {
	err := at.UnmarshalText([]byte(text))
	return at, err == nil
}

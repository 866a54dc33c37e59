package policy

import (
	"fmt"

	"go.yaml.in/yaml/v4"

	"peerguard/function/peering"
)

// accountID returns an account id if it is valid, else "". With or without quotes, its digits stay as written.
func (d *decoder) accountID(n *yaml.Node) peering.Account {
	id, ok := d.scalar(n, "an account id")
	if !ok {
		return ""
	}
	if complaint := checkAccount(id); complaint != "" {
		d.bad(n, "%s", complaint)
		return ""
	}
	d.doubtID(id, d.position(n))
	return peering.Account(id)
}

func checkAccount(text string) string {
	if peering.ValidAccount(text) {
		return ""
	}
	return fmt.Sprintf("bad account id %q: an account id is 1 to 20 digits", text)
}

// Account ids have 16 digits, and the API writes them as numbers.
const (
	idDigits   = 16
	userDigits = 18 // of the id of a RAM user
)

// doubtID warns about an account id that the API cannot have, so that a rule for it never matches.
func (d *decoder) doubtID(id string, at Position) {
	switch n := len(id); {
	case n == userDigits:
		d.warn(at, AccountImpossible, "account id %s has %d digits: account ids have %d, and %d is the length of a RAM user's id", id, n, idDigits, userDigits)
	case n != idDigits:
		d.warn(at, AccountImpossible, "account id %s has %s: account ids have %d", id, digits(n), idDigits)
	case id[0] == '0':
		d.warn(at, AccountImpossible, "account id %s begins with 0: the API writes account ids as numbers, so no account has it", id)
	}
}

func digits(n int) string {
	if n == 1 {
		return "1 digit"
	}
	return fmt.Sprintf("%d digits", n)
}

// fewIDs is the number of ids of which all may end in 0 by chance.
const fewIDs = 2

// doubtList warns about a list of which every id ends in 0.
func (d *decoder) doubtList(list []entry) {
	n := 0
	for _, e := range list {
		switch id := string(e.account); {
		case len(id) != idDigits:
		case id[idDigits-1] != '0':
			return
		default:
			n++
		}
	}
	if n > fewIDs {
		d.warn(list[0].at, AccountsRounded, "all %d ids in this list end in 0: a spreadsheet keeps 15 digits of a number, so take the ids from their source, as text", n)
	}
}

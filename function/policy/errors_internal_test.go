package policy

import "testing"

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"name", "accounts", "accounts_from", "requester_vpcs", "until", "owner", "reason", "role"}
	for word, want := range map[string]string{
		"acounts":        "accounts",
		"account":        "accounts",
		"Accounts":       "accounts",
		"acocunts":       "accounts",
		"accountsfrom":   "accounts_from",
		"accounts-from":  "accounts_from",
		"account_form":   "accounts_from",
		"requesterVpcs":  "requester_vpcs",
		"requester vpcs": "requester_vpcs",
		"untill":         "until",
		"nmae":           "name",
		"rule":           "role",
		"reasons":        "reason",
		"ticket":         "",
		"":               "",
		"x":              "",
		"accepter":       "",
		"支付":             "",
	} {
		if got := nearest(word, known); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

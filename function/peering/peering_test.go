package peering

import (
	"regexp"
	"strings"
	"testing"
)

// The forms of ids, as README and the API's documents describe them.
var forms = map[string]struct {
	pattern *regexp.Regexp
	valid   func(string) bool
}{
	"instance id": {regexp.MustCompile(`^pcc-[a-z0-9]{1,60}$`), ValidID},
	"region":      {regexp.MustCompile(`^[a-z]{2}[a-z0-9-]{1,62}$`), ValidRegion},
	"VPC id":      {regexp.MustCompile(`^vpc-[a-z0-9-]{1,60}$`), ValidVPC},
	"account":     {regexp.MustCompile(`^[0-9]{1,20}$`), ValidAccount},
}

// FuzzForms: the hand-written checks of ids agree with the regular expressions.
func FuzzForms(f *testing.F) {
	for _, text := range []string{
		"", "pcc-", "pcc-a", "pcc-" + strings.Repeat("z", 60), "pcc-" + strings.Repeat("z", 61), "pcc-A", "pcc-a-b", "pcc-../../x", "xpcc-a", "pcc-a\n",
		"vpc-", "vpc-a", "vpc-bp1-0", "vpc-" + strings.Repeat("-", 60), "vpc-" + strings.Repeat("0", 61), "vpc-A", "vpc_a", " vpc-a",
		"cn", "cn-", "cn-shanghai", "c", "Cn-x", "cn-Shanghai", "1n-x", "cn shanghai", "ap-southeast-1", "cnx", "cn-ü", "cn" + strings.Repeat("x", 62), "cn" + strings.Repeat("x", 63),
		"0", "0123456701234567", "12345678901234567890", "123456789012345678901", "12a", "-1", "1e3", "1_000", "１２",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, form := range forms {
			if want := form.pattern.MatchString(text); form.valid(text) != want {
				t.Errorf("%q as %s: got %t, want %t", text, name, !want, want)
			}
		}
	})
}

// TestStatesDoNotOverlap: each documented state is pending, active, closed, or none of them, and never two.
func TestStatesDoNotOverlap(t *testing.T) {
	t.Parallel()
	for status, want := range map[Status]string{
		Creating: "", Accepting: "pending", Updating: "active", Activated: "active",
		Rejected: "closed", Expired: "closed", Deleting: "closed", Deleted: "closed", "Tomorrow": "", "": "",
	} {
		got := ""
		for name, is := range map[string]bool{"pending": status.Pending(), "active": status.Active(), "closed": status.Closed()} {
			if is {
				got += name
			}
		}
		if got != want {
			t.Errorf("%q is %q, want %q", status, got, want)
		}
	}
}

// TestUnknownAccount: only the empty account is unknown. A failure prints as code and message.
func TestUnknownAccount(t *testing.T) {
	t.Parallel()
	if Account("").Known() || !Account("1").Known() {
		t.Error("only the empty account is unknown")
	}
	if got := (&Failure{Code: "Timeout", Message: "no answer"}).Error(); got != "Timeout: no answer" {
		t.Errorf("got %q", got)
	}
}

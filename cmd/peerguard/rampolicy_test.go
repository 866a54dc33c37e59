package main

import (
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// TestRAMPolicyDeniesNothingThatFoldersAllow compares random policies of folder rules with their translation, for each
// connection between two members of a directory: nothing that the policy allows is denied to either side, and where rules
// name only requesters, exactly what the policy rejects cannot be accepted.
func TestRAMPolicyDeniesNothingThatFoldersAllow(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(15, 8))
	allowed, rejected := 0, 0
	for range 300 {
		oneSided := random.IntN(2) == 0
		text := randomFolderPolicy(random, oneSided)
		rules := loadText(t, text)
		document := newTranslation(rules, time.Now()).document
		for from, requester := range memberPaths {
			for to, accepter := range memberPaths {
				if from == to {
					continue
				}
				c := &peering.Connection{ID: "pcc-1", Requester: side(from, requester), Accepter: side(to, accepter)}
				verdict := rules.Decide(c, time.Now()).Verdict
				accept := document.denies("vpc:AcceptVpcPeerConnection", requester+"/"+string(c.Requester.Account))
				create := document.denies("vpc:CreateVpcPeerConnection", accepter+"/"+string(c.Accepter.Account))
				switch {
				case verdict == policy.Allow && (accept || create):
					t.Fatalf("from %s to %s is allowed, but denied to the accepter: %t, to the requester: %t\n%s", requester, accepter, accept, create, text)
				case oneSided && len(document.Statement) > 0 && accept != (verdict == policy.Reject):
					t.Fatalf("from %s to %s: %s, but denied to the accepter: %t\n%s", requester, accepter, verdict, accept, text)
				case verdict == policy.Allow:
					allowed++
				default:
					rejected++
				}
			}
		}
	}
	if min(allowed, rejected) < 1000 {
		t.Errorf("%d allowed, %d rejected: the policies are too much alike", allowed, rejected)
	}
}

// memberPaths are the folders of the members of a directory.
var memberPaths = []string{
	"rd-3G0000/r-AAAAAA",
	"rd-3G0000/r-AAAAAA/fd-A",
	"rd-3G0000/r-AAAAAA/fd-A/fd-AA",
	"rd-3G0000/r-AAAAAA/fd-A/fd-AA/fd-AAA",
	"rd-3G0000/r-AAAAAA/fd-AB",
	"rd-3G0000/r-AAAAAA/fd-B",
	"rd-3G0000/r-AAAAAA/fd-B/fd-BA",
}

func side(i int, folders string) peering.Side {
	return peering.Side{Account: peering.Account(fmt.Sprintf("%016d", 2_000_000_000_000_000+i)), Path: peering.Path(folders)}
}

// randomFolderPolicy returns a policy whose rules have nothing but folders; with oneSided only those of requesters.
func randomFolderPolicy(random *rand.Rand, oneSided bool) string {
	var text strings.Builder
	text.WriteString("version: 1\nmode: enforce\ndirectory: {id: rd-3G0000}\n")
	folders := func(key string) {
		fmt.Fprintf(&text, "    %s: [%s]\n", key, path.Base(memberPaths[random.IntN(len(memberPaths))]))
	}
	if random.IntN(3) == 0 {
		text.WriteString("reject:\n  - name: not these\n")
		folders("requester_folders")
		if !oneSided && random.IntN(2) == 0 {
			folders("accepter_folders")
		}
	}
	text.WriteString("allow:\n")
	for i := range 1 + random.IntN(3) {
		fmt.Fprintf(&text, "  - name: rule %d\n", i)
		folders("requester_folders")
		if !oneSided && random.IntN(2) == 0 {
			folders("accepter_folders")
		}
	}
	return text.String()
}

// denies evaluates the document as RAM is documented to do, for a peer at this path.
func (d *ramDocument) denies(action, peer string) bool {
	return slices.ContainsFunc(d.Statement, func(s statement) bool {
		return slices.Contains(s.Action, action) && s.applies(peer)
	})
}

func (s statement) applies(peer string) bool {
	for operator, keys := range s.Condition {
		directory, _, _ := strings.Cut(peer, "/")
		matches := slices.ContainsFunc(keys["acs:TargetRDPath"], func(p string) bool { return like(p, peer) }) || slices.Contains(keys["acs:TargetRDId"], directory)
		if matches == strings.Contains(operator, "Not") {
			return false
		}
	}
	return true
}

// like reports whether a text matches a pattern, in which a * stands for any text.
func like(pattern, text string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	text, ok := strings.CutPrefix(text, first)
	if !ok || !star {
		return ok && text == ""
	}
	for i := range len(text) + 1 {
		if like(rest, text[i:]) {
			return true
		}
	}
	return false
}

// TestRAMPolicyTooLong: a document that is longer than a control policy may be is printed with a warning.
func TestRAMPolicyTooLong(t *testing.T) {
	t.Parallel()
	for folders, want := range map[int]bool{60: false, 140: true} {
		ids := make([]string, folders)
		for i := range ids {
			ids[i] = fmt.Sprintf("fd-%010d", i)
		}
		made := newTranslation(loadText(t, fmt.Sprintf("version: 1\nmode: enforce\ndirectory: {id: rd-3G0000}\nallow:\n  - name: many\n    requester_folders: [%s]\n", strings.Join(ids, ", "))), time.Now())
		long := slices.ContainsFunc(made.notes, func(n string) bool { return strings.Contains(n, "a control policy may have 4096") })
		if size := made.document.size(); long != want || long != (size > controlPolicySize) {
			t.Errorf("%d folders, %d characters: a warning: %t", folders, size, long)
		}
	}
}

func loadText(t *testing.T, text string) *policy.Policy {
	t.Helper()
	rules, err := newPolicyFile(policyOf(t, text)).load()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return rules
}

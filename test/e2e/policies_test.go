package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// edit is one change of the policy on disk. All sound policies of a run judge every connection alike, whatever they look
// like; only the mode and the cap differ.
type edit struct {
	Text     string
	Accounts string        // of the file that it may name
	InPlace  bool          // written over the old one, in pieces; else renamed into place, as a deployment does
	Pieces   int           // if in place
	Pause    time.Duration // between two pieces
}

const (
	policyFile   = "policy.yaml"
	accountsFile = "partner-accounts.txt"
)

func newEdit(r *rand.Rand) edit {
	e := edit{Text: sound(r, mode(r)), Accounts: accounts(r)}
	if r.IntN(20) == 0 {
		e.Text = strings.Replace(e.Text, "guard:\n", fmt.Sprintf("guard:\n  max_requesters: %d\n", 1+r.IntN(3)), 1)
	}
	if r.IntN(3) == 0 {
		e.InPlace, e.Pieces, e.Pause = true, 2+r.IntN(8), between(r, 0, 60*time.Millisecond)
	}
	return e
}

func mode(r *rand.Rand) string {
	if r.IntN(8) == 0 {
		return "dry-run"
	}
	return "enforce"
}

// sound returns a policy that allows partner, picky from region 0 to vpc-good, narrow from 10.8.0.0/15, and who is in fd-ours
// but not in fd-quarantine, in one of many forms.
func sound(r *rand.Rand, mode string) string {
	var b strings.Builder
	directory, guarded, rejected, allowed := folderRules(r)
	fmt.Fprintf(&b, "version: 1\nmode: %s\n%sguard:\n  regions:\n", mode, directory)
	for n := range regions {
		fmt.Fprintf(&b, "    - %s\n", region(n))
	}
	b.WriteString(guarded + "reject:\n" + rejected)
	if r.IntN(2) == 0 {
		fmt.Fprintf(&b, "  - name: known\n    accounts: [\"%d\"]\n", stranger(r))
	}
	rules := []string{
		allowed,
		"  - name: partner\n    accounts: [\"2222222222222222\"]\n",
		"  - name: picky\n    accounts:\n      - \"4444444444444444\"\n    requester_regions: [cn-area-0]\n    accepter_vpcs: [vpc-good]\n",
		"  - name: narrow\n    accounts: [\"7777777777777777\"]\n    requester_cidrs: [10.8.0.0/15, 172.16.0.0/12]\n",
	}
	if r.IntN(2) == 0 {
		rules[1] = "  - name: partner\n    accounts_from: " + accountsFile + "\n"
	}
	for n := range r.IntN(30) {
		rules = append(rules, fmt.Sprintf("  - name: nobody-%d\n    accounts: [\"5550000000000%03d\"]\n    owner: team %d\n", n, n, r.IntN(10)))
	}
	r.Shuffle(len(rules), func(i, j int) { rules[i], rules[j] = rules[j], rules[i] })
	b.WriteString("allow:\n" + strings.Join(rules, ""))
	return b.String()
}

// accounts returns an accounts file that names the partner among accounts that do not occur.
func accounts(r *rand.Rand) string {
	lines := []string{"2222222222222222 # the partner"}
	for n := range r.IntN(50) {
		lines = append(lines, fmt.Sprintf("5551000000000%03d", n))
	}
	r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	return strings.Join(lines, "\n") + "\n"
}

// broken makes a mistake in a policy, as people do.
func broken(r *rand.Rand, text string) string {
	switch r.IntN(6) {
	case 0:
		return strings.Replace(text, "allow:", "alow:", 1)
	case 1:
		return strings.Replace(text, "mode:", "mood:", 1)
	case 2:
		return text + text
	case 3:
		return "\t" + text
	case 4:
		return ""
	}
	return strings.Replace(text, "version: 1", "version: 2", 1)
}

// apply writes the policy. Readers wait 250 ms for a file that is being written. If a busy machine left it half written for
// about that long, apply returns when that began and ended; otherwise both times are zero.
func (e *edit) apply(folder string) (from, until time.Time, err error) {
	began := time.Now()
	slowest := time.Duration(0)
	for _, file := range []struct{ name, text string }{{accountsFile, e.Accounts}, {policyFile, e.Text}} {
		path := filepath.Join(folder, file.name)
		if !e.InPlace {
			err = os.WriteFile(path+".new", []byte(file.text), 0o600)
			if err == nil {
				err = os.Rename(path+".new", path)
			}
		} else {
			var gap time.Duration
			gap, err = e.overwrite(path, file.text)
			slowest = max(slowest, gap)
		}
		if err != nil {
			return from, until, fmt.Errorf("editing the policy: %w", err)
		}
	}
	if slowest > 150*time.Millisecond {
		return began, time.Now(), nil
	}
	return from, until, nil
}

// overwrite writes a file in pieces, and returns the longest time between two of them.
func (e *edit) overwrite(path, text string) (slowest time.Duration, err error) {
	last := time.Now()
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	size := len(text)/e.Pieces + 1
	for text != "" && err == nil {
		piece := text[:min(size, len(text))]
		text = text[len(piece):]
		_, err = f.WriteString(piece)
		slowest = max(slowest, time.Since(last))
		last = time.Now()
		time.Sleep(e.Pause)
	}
	return slowest, err
}

// Package userfiles_test shows that the tests do not depend on the files that a user changes.
package userfiles_test

import (
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"peerguard/function/policy"
)

// userFiles are the files in the repository's root that belong to whoever deploys peerguard: here those of a user who
// enforces, keeps the accounts in a file of another name, has a rule that ends tomorrow, and tests few rules.
func userFiles() map[string]string {
	return map[string]string{
		"policy.yaml": `version: 1
mode: enforce
guard:
  regions: [cn-beijing]
reject:
  - name: newcomers
    requester_regions: [us-east-1]
allow:
  - name: ours
    accounts_from: lists/ours.txt
    until: ` + time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly) + "\n",
		"lists/ours.txt": "8888888888888888\n",
		"policy_test.yaml": `version: 1
cases:
  - name: a stranger is rejected
    requester: {account: "9999999999999999"}
    accepter: {account: "1111111111111111"}
    expect: reject
`,
	}
}

// dependent is a test that depends on the user's files. It must fail where they are replaced, and be the only one.
const dependent = `package dependent

import (
	"os"
	"strings"
	"testing"
)

func Test(t *testing.T) {
	if text, err := os.ReadFile("../policy.yaml"); !strings.Contains(string(text), "dry-run") {
		t.Errorf("%v: %s", err, text)
	}
}
`

// TestTestsDoNotDependOnTheUsersFiles runs tests in a copy of the repository with another policy. They are the tests of
// every room that mention one of the user's files. Those below test/ take too long; they pack and read other policies.
func TestTestsDoNotDependOnTheUsersFiles(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs half of all tests once more")
	}
	repository := t.TempDir()
	rooms := copyRepository(t, repository)
	if len(rooms) < 5 {
		t.Errorf("only the tests of %v mention the user's files", rooms)
	}
	becomeUser(t, repository)
	write(t, repository, "dependent/dependent_test.go", dependent)

	args := append([]string{"test", "-count=1", "-vet=off", "./dependent"}, rooms...)
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = repository
	out, _ := cmd.CombinedOutput()
	var failed []string
	for _, m := range regexp.MustCompile(`(?m)^FAIL\t(\S+)`).FindAllSubmatch(out, -1) {
		failed = append(failed, string(m[1]))
	}
	if !slices.Equal(failed, []string{"peerguard/dependent"}) {
		t.Errorf("%v: the tests of %v fail, want those of dependent only:\n%s", cmd, failed, out)
	}
}

// becomeUser replaces the files that ship with the repository. The user's policy is valid, and its rule is about to end.
func becomeUser(t *testing.T, repository string) {
	t.Helper()
	if err := os.Remove(filepath.Join(repository, "partner-accounts.txt")); err != nil {
		t.Fatal(err)
	}
	for name, text := range userFiles() {
		write(t, repository, name, text)
	}
	p, err := policy.Load(os.DirFS(repository), "policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Warnings(time.Now())) == 0 {
		t.Error("the user's policy has no rule that is about to end")
	}
	if _, err := policy.LoadTests(os.DirFS(repository), "policy_test.yaml"); err != nil {
		t.Fatal(err)
	}
}

// copyRepository copies the repository without what is built or hidden. It returns the rooms outside test/ whose tests, or
// their data, mention a file of the user, as arguments of go test.
func copyRepository(t *testing.T, to string) []string {
	t.Helper()
	mentions := regexp.MustCompile(`\bpolicy(_test)?\.yaml|partner-accounts\.txt`)
	rooms := map[string]bool{}
	root := os.DirFS("../..")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", ".bin", "dist"}, name):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		}
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		room, _, inData := strings.Cut(name, "/testdata/")
		if !inData {
			room = path.Dir(name)
		}
		if (inData || strings.HasSuffix(name, "_test.go")) && !strings.HasPrefix(name, "test/") && mentions.Match(data) {
			rooms["./"+room] = true
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), data, info.Mode())
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(rooms))
}

func write(t *testing.T, folder, name, text string) {
	t.Helper()
	file := filepath.Join(folder, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

package deploy_test

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v4"
)

// operatorsCommand builds the operator's command, once.
var operatorsCommand = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "peerguard")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left in the folder for temporary files gets cleaned up
	path := filepath.Join(dir, "peerguard")
	if out, err := exec.Command("go", "build", "-o", path, "../cmd/peerguard").CombinedOutput(); err != nil {
		return out, err
	}
	return os.ReadFile(path)
})

// policyRepository is a clone of a repository with a policy, with the folder of stand-ins for programs that pipelines run.
type policyRepository struct {
	t        *testing.T
	dir, bin string
	env      []string
}

const (
	reviewedPolicy = `version: 1
mode: enforce
guard:
  regions: [cn-shanghai]
  accounts:
    - role: acs:ram::1111111111111111:role/peerguard
allow:
  - name: payments
    accounts: ["2222222222222222"]
    accepter_vpcs: [vpc-b]
`
	reviewedTests = `version: 1
cases:
  - name: payments
    requester: {account: "2222222222222222"}
    accepter: {account: "1111111111111111", vpc: vpc-b}
    expect: allow
  - name: a stranger
    requester: {account: "9999999999999999"}
    accepter: {account: "1111111111111111", vpc: vpc-b}
    expect: reject
`
)

// newPolicyRepository returns a clone whose branch change is checked out, and whose origin has the reviewed policy on main.
func newPolicyRepository(t *testing.T) *policyRepository {
	t.Helper()
	for _, program := range []string{"bash", "git", "curl", "jq", "tar", "iconv", "sha256sum"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	binary, err := operatorsCommand()
	if err != nil {
		t.Fatalf("%v: %s", err, binary)
	}
	root := t.TempDir()
	r := &policyRepository{t: t, dir: filepath.Join(root, "clone"), bin: filepath.Join(root, "bin")}
	origin := filepath.Join(root, "origin")
	r.write(filepath.Join(origin, "policy.yaml"), reviewedPolicy)
	r.write(filepath.Join(origin, "policy_test.yaml"), reviewedTests)
	git(t, origin, "init", "-q", "-b", "main")
	identify(t, origin)
	git(t, origin, "add", ".")
	git(t, origin, "commit", "-q", "-m", "policy")
	git(t, root, "clone", "-q", origin, r.dir)
	identify(t, r.dir)
	git(t, r.dir, "checkout", "-q", "-b", "change")
	r.program("peerguard", string(binary))
	r.env = append(os.Environ(), "PATH="+r.bin+":"+os.Getenv("PATH"), "HOME="+root)
	return r
}

func identify(t *testing.T, dir string) {
	t.Helper()
	git(t, dir, "config", "user.name", "somebody")
	git(t, dir, "config", "user.email", "somebody@example.com")
}

func (r *policyRepository) write(path, text string) {
	r.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *policyRepository) program(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.bin, name)
	r.write(path, text)
	if err := os.Chmod(path, 0o700); err != nil {
		r.t.Fatal(err)
	}
}

// path returns the path of a file beside the clone.
func (r *policyRepository) path(name string) string { return filepath.Join(filepath.Dir(r.dir), name) }

func (r *policyRepository) read(name string) string {
	text, err := os.ReadFile(r.path(name))
	if err != nil {
		return ""
	}
	return string(text)
}

// run runs a script as GitHub's runner does, with more variables, and returns what it prints and its exit code.
func (r *policyRepository) run(script string, env ...string) (string, int) {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = r.dir, slices.Concat(r.env, env)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		r.t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// change writes the policy with another VPC that payments may reach, and a test for it, and commits both.
func (r *policyRepository) change() {
	r.t.Helper()
	r.write(filepath.Join(r.dir, "policy.yaml"), strings.Replace(reviewedPolicy, "[vpc-b]", "[vpc-b, vpc-ledger]", 1))
	git(r.t, r.dir, "commit", "-q", "-a", "-m", "change")
}

// archive writes an archive as make release does, and returns its address and checksum.
func (r *policyRepository) archive() (address, checksum string) {
	r.t.Helper()
	binary, err := operatorsCommand()
	if err != nil {
		r.t.Fatal(err)
	}
	path := r.path("peerguard.tar.gz")
	f, err := os.Create(path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	sum := sha256.New()
	zipped := gzip.NewWriter(f)
	archive := tar.NewWriter(zipped)
	if err := archive.WriteHeader(&tar.Header{Name: "peerguard", Mode: 0o755, Size: int64(len(binary))}); err != nil {
		r.t.Fatal(err)
	}
	_, err = archive.Write(binary)
	if err != nil || archive.Close() != nil || zipped.Close() != nil {
		r.t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	sum.Write(text)
	return "file://" + path, hex.EncodeToString(sum.Sum(nil)) + "  peerguard.tar.gz"
}

func parsed(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Load(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// githubSteps returns the commands of the workflow, by the names of their steps.
func githubSteps(t *testing.T) map[string]string {
	t.Helper()
	var workflow struct {
		Jobs map[string]struct {
			Steps []struct{ Name, Run string }
		}
	}
	parsed(t, "policy-repository/.github/workflows/policy.yaml", &workflow)
	steps := map[string]string{}
	for _, s := range workflow.Jobs["policy"].Steps {
		steps[s.Name] = s.Run
	}
	return steps
}

const standInForGH = `#!/bin/bash
[[ "$*" == "pr comment 7 --edit-last --create-if-none --body-file short.md" ]] || exit 3
cp short.md "$HOME/comment"
`

// TestWorkflowComments: the comment says what the change opens, whether or not the checks pass, and their result is that of the
// job. A pull request from a fork may not comment, and fails for nothing else.
func TestWorkflowComments(t *testing.T) {
	t.Parallel()
	r, steps := newPolicyRepository(t), githubSteps(t)
	r.program("gh", standInForGH)
	r.change()
	env := []string{"TARGET=origin/main", "NUMBER=7", "GITHUB_STEP_SUMMARY=" + r.path("summary")}
	out, code := r.run(steps["check"]+"\n"+steps["test"]+"\n"+steps["comment"], env...)
	if comment := r.read("comment"); code != 0 || comment != r.read("summary") || !strings.HasPrefix(comment, "### diff: policy.yaml opens 1 way and closes nothing") ||
		!strings.Contains(comment, "vpc-ledger") || !strings.Contains(comment, "### check `policy.yaml`: 0 errors, 0 warnings") || !strings.Contains(comment, "### test: 2 cases passed, 0 failed") {
		t.Errorf("exit code %d: %s\n%s", code, out, comment)
	}
	r.write(filepath.Join(r.dir, "policy_test.yaml"), strings.Replace(reviewedTests, "expect: reject", "expect: allow", 1))
	if out, code = r.run(steps["comment"], env...); code != 1 || !strings.Contains(r.read("comment"), "### test: 1 case passed, 1 failed") {
		t.Errorf("a case fails: exit code %d: %s\n%s", code, out, r.read("comment"))
	}
	r.write(filepath.Join(r.dir, "policy_test.yaml"), reviewedTests)
	r.program("gh", "#!/bin/bash\nexit 1\n")
	if out, code = r.run(steps["comment"], env...); code != 0 || !strings.Contains(out, "comes from a fork") {
		t.Errorf("no permission: exit code %d: %s", code, out)
	}
	git(t, r.dir, "branch", "-q", "empty", strings.TrimSpace(git(t, r.dir, "commit-tree", "4b825dc642cb6eb9a060e54bf8d69288fbee4904", "-m", "empty")))
	r.program("gh", standInForGH)
	if out, code = r.run(steps["comment"], append(env, "TARGET=empty")...); code != 0 || !strings.HasPrefix(r.read("comment"), "### diff: the policy is new") {
		t.Errorf("no policy before: exit code %d: %s", code, out)
	}
}

// TestWorkflowInstallsWhatIsPinned: an archive with another checksum is not unpacked.
func TestWorkflowInstallsWhatIsPinned(t *testing.T) {
	t.Parallel()
	r, steps := newPolicyRepository(t), githubSteps(t)
	address, checksum := r.archive()
	env := []string{"PEERGUARD_ARCHIVE=" + address, "RUNNER_TEMP=" + r.path("temp"), "GITHUB_PATH=" + r.path("paths")}
	if err := os.Mkdir(r.path("temp"), 0o750); err != nil {
		t.Fatal(err)
	}
	if out, code := r.run(steps["install"], append(env, "PEERGUARD_SHA256="+strings.Repeat("0", 64))...); code == 0 || r.read("temp/bin/peerguard") != "" {
		t.Errorf("wrong checksum: exit code %d: %s", code, out)
	}
	if out, code := r.run(steps["install"], append(env, "PEERGUARD_SHA256="+checksum)...); code != 0 || r.read("paths") != r.path("temp/bin")+"\n" || r.read("temp/bin/peerguard") == "" {
		t.Errorf("exit code %d: %s", code, out)
	}
}

const standInForCodeup = `#!/bin/bash
set -euo pipefail
[[ "$*" == *"x-yunxiao-token: a token"* ]] || exit 3
url="${*: -1}"
case "$url" in
*/changeRequests\?projectIds=42\&state=opened*)
  echo '[{"localId":6,"sourceBranch":"other","targetBranch":"main"},{"localId":7,"sourceBranch":"change","targetBranch":"main"}]' ;;
https://openapi-rdc.aliyuncs.com/oapi/v1/codeup/organizations/org/repositories/42/changeRequests/7/comments)
  cat >"$HOME/comment" ;;
*) exit 4 ;;
esac
`

// TestFlowComments: the pipeline of Flow does the same with Codeup's API.
func TestFlowComments(t *testing.T) {
	t.Parallel()
	var pipeline struct {
		Stages map[string]struct {
			Jobs map[string]struct {
				Steps map[string]struct {
					With struct{ Run string }
				}
			}
		}
	}
	parsed(t, "policy-repository/yunxiao-flow.yaml", &pipeline)
	review := pipeline.Stages["policy"].Jobs["policy"].Steps["review"].With.Run
	r := newPolicyRepository(t)
	review = strings.NewReplacer("/tmp/", r.path("")+"/").Replace(review)
	r.program("curl", standInForCodeup)
	r.change()
	env := []string{"CI_COMMIT_REF_NAME=change", "CI_COMMIT_TARGET_REF_NAME=main", "ORGANIZATION_ID=org", "REPOSITORY_ID=42", "YUNXIAO_TOKEN=a token"}
	out, code := r.run(review, env...)
	var comment struct {
		Type            string `json:"comment_type"`
		Content         string
		Draft, Resolved *bool
	}
	if err := json.Unmarshal([]byte(r.read("comment")), &comment); err != nil {
		t.Fatalf("exit code %d: %v: %s", code, err, out)
	}
	if code != 0 || comment.Type != "GLOBAL_COMMENT" || comment.Draft == nil || comment.Resolved == nil || !strings.HasPrefix(comment.Content, "### diff: policy.yaml opens 1 way") {
		t.Errorf("exit code %d: %s\n%+v", code, out, comment)
	}
	if out, code = r.run(review, append(env, "CI_COMMIT_REF_NAME=unknown")...); code == 0 || !strings.Contains(out, "there is no open merge request of this branch") {
		t.Errorf("no merge request: exit code %d: %s", code, out)
	}
	if out, code = r.run(review, append(env, "CI_COMMIT_TARGET_REF_NAME=")...); code != 0 || strings.Contains(out, "### diff") || !strings.Contains(out, "### check") {
		t.Errorf("a push: exit code %d: %s", code, out)
	}
}

// TestPreCommit: a commit with a broken or doubtful policy, or a failing case, is refused; one that opens something is shown.
func TestPreCommit(t *testing.T) {
	t.Parallel()
	r := newPolicyRepository(t)
	hook, err := os.ReadFile("policy-repository/pre-commit")
	if err != nil {
		t.Fatal(err)
	}
	r.bin = filepath.Join(r.dir, ".git", "hooks")
	r.program("pre-commit", string(hook))
	policyFile, testFile := filepath.Join(r.dir, "policy.yaml"), filepath.Join(r.dir, "policy_test.yaml")
	commit := func() (string, int) {
		r.t.Helper()
		return r.run("git commit -m change")
	}
	for name, test := range map[string]struct{ policy, tests, want string }{
		"broken":       {strings.Replace(reviewedPolicy, "allow:", "alow:", 1), reviewedTests, `unknown key "alow"`},
		"doubtful":     {reviewedPolicy + "    until: 2020-01-01\n", reviewedTests, "rule payments expired"},
		"failing case": {reviewedPolicy, strings.Replace(reviewedTests, "expect: reject", "expect: allow", 1), "expected allow, got reject"},
	} {
		r.write(policyFile, test.policy)
		r.write(testFile, test.tests)
		git(t, r.dir, "add", ".")
		r.write(policyFile, reviewedPolicy) // what is committed counts
		r.write(testFile, reviewedTests)
		if out, code := commit(); code == 0 || !strings.Contains(out, test.want) {
			t.Errorf("%s: exit code %d: %s", name, code, out)
		}
		git(t, r.dir, "reset", "-q", "--hard")
	}
	r.write(policyFile, strings.Replace(reviewedPolicy, "[vpc-b]", "[vpc-b, vpc-ledger]", 1))
	git(t, r.dir, "add", ".")
	if out, code := commit(); code != 0 || !strings.Contains(out, "opens 1 way") {
		t.Errorf("exit code %d: %s", code, out)
	}
	r.write(filepath.Join(r.dir, "notes"), "nothing to check")
	git(t, r.dir, "add", ".")
	if out, code := commit(); code != 0 || strings.Contains(out, "equal in effect") {
		t.Errorf("no policy in the commit: exit code %d: %s", code, out)
	}
}

package deploy_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBootstrap checks what the platform requires of the file that the custom runtime starts.
func TestBootstrap(t *testing.T) {
	t.Parallel()
	info, err := os.Stat("../bootstrap")
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o755 {
		t.Errorf("mode is %v", info.Mode())
	}
	lines := strings.Split(strings.TrimSuffix(read(t, "../bootstrap"), "\n"), "\n")
	if lines[0] != "#!/bin/bash" {
		t.Errorf("first line is %q", lines[0])
	}
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "exec ") || !strings.Contains(last, "/peerguard") {
		t.Errorf("last line is %q", last)
	}
}

// TestBootstrapStarts runs bootstrap from another working directory, in a folder with a space in its name. It must become the
// binary beside it: the same process, with its arguments and its exit status. This test is not parallel, because a process
// that another test forks while the script is open for writing would make the script "text file busy".
func TestBootstrapStarts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "co de")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"bootstrap": read(t, "../bootstrap"),
		"peerguard": "#!/bin/bash\necho \"$$ $*\"\nexit 7\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "bootstrap"), "a b", "c")
	cmd.Dir = t.TempDir()
	out, err := cmd.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Errorf("bootstrap ended with %v", err)
	}
	if want := fmt.Sprintf("%d a b c\n", cmd.Process.Pid); string(out) != want {
		t.Errorf("bootstrap printed %q, want %q", out, want)
	}
}

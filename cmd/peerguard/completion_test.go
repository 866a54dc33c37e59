package main

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// completionOf returns the script of a shell.
func completionOf(t *testing.T, shell string) string {
	t.Helper()
	var stdout, stderr buffer
	if code := run(t.Context(), []string{"completion", shell}, &console{stdout: &stdout, stderr: &stderr}); code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	return stdout.String()
}

// TestCompletionNamesEverything: each command and each flag is in the script of each shell.
func TestCompletionNamesEverything(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(&commands{}, kong.Vars{"version": ""})
	must(t, err)
	all := completed(parser.Model.Node)
	if len(all.Commands) < 14 {
		t.Fatalf("%d commands", len(all.Commands))
	}
	command := map[string]string{"bash": "    %s)\n", "zsh": "        %s)\n", "fish": "-n __fish_use_subcommand -a %s -d "}
	flag := map[string]string{"bash": "--%s ", "zsh": "--%s", "fish": "-l %s "}
	for shell, form := range command {
		script := completionOf(t, shell)
		for _, c := range all.Commands {
			begin := strings.Index(script, strings.Replace(form, "%s", c.Name, 1))
			if begin < 0 {
				t.Errorf("%s does not complete %s", shell, c.Name)
				continue
			}
			for _, f := range c.Flags {
				if !strings.Contains(script[begin:], strings.Replace(flag[shell], "%s", f.Name, 1)) {
					t.Errorf("%s does not complete %s --%s", shell, c.Name, f.Name)
				}
			}
		}
	}
}

// TestCompletionIsValid: the shells that are there can read their scripts.
func TestCompletionIsValid(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish"} {
		program, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("%s is not there: its script is not checked", shell)
			continue
		}
		file := filepath.Join(t.TempDir(), shell)
		create(t, file, completionOf(t, shell))
		if said, err := exec.CommandContext(t.Context(), program, "-n", file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", shell, err, said)
		}
	}
}

// TestCompletionInBash: what bash offers for the beginning of a command line.
func TestCompletionInBash(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not there")
	}
	file := filepath.Join(t.TempDir(), "completion")
	create(t, file, completionOf(t, "bash"))
	for line, want := range map[string]string{
		"peerguard sw":                    "sweep",
		"peerguard --h":                   "--help",
		"peerguard completion ":           "bash zsh fish",
		"peerguard completion z":          "zsh",
		"peerguard sweep --enf":           "--enforce",
		"peerguard check --format s":      "sarif",
		"peerguard check --format json -": "--help --version --at --strict --format --json",
		"peerguard sweep --csv s":         "",
		"peerguard report oct":            "",
	} {
		words := strings.Split(line, " ")
		script := `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _peerguard; echo "${COMPREPLY[*]}"`
		got, err := exec.CommandContext(t.Context(), bash, append([]string{"--norc", "-c", script, "bash", file}, words...)...).CombinedOutput()
		if err != nil || strings.TrimSpace(string(got)) != want {
			t.Errorf("%q: got %q, want %q, %v", line, got, want, err)
		}
	}
}

// TestUnexpected: a panic asks for a report, with the version and the stack, and fails.
func TestUnexpected(t *testing.T) {
	t.Parallel()
	var stdout, stderr buffer
	out := &console{stdout: &stdout, stderr: &stderr}
	code := out.guarded(func() int { panic("no\x1b[31m such thing") })
	said := stderr.String()
	for _, want := range []string{"this is a mistake of peerguard, not yours: no\\x1b[31m such thing\n", "please report it", "SECURITY.md", "\npeerguard ", "completion_test.go:"} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
	if code != 1 || strings.ContainsRune(said, '\x1b') || slices.Contains(strings.Fields(stdout.String()), "goroutine") {
		t.Errorf("exit code %d, stdout %q", code, &stdout)
	}
}

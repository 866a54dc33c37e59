package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"peerguard/function/policy"
)

// console is what a command talks to.
type console struct {
	stdin          io.Reader
	stdout, stderr io.Writer

	stdinTTY  bool // stdin is a terminal: somebody is there to answer
	stdoutTTY bool // stdout is a terminal
	stderrTTY bool // stderr is a terminal: progress can be shown
	colour    bool // use colours on stdout
	width     int  // of stdout in columns; 0 if nothing says how wide it is
}

// exitStatus ends a command with the exit code of the command that it ran.
type exitStatus int

// Error returns the exit code in words.
func (e exitStatus) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// errFinding ends a command with exit code 1. The command has printed the reason.
var errFinding = errors.New("finding")

// errInterrupted ends a command that Ctrl-C stopped with exit code 130, as shells do. The command has reported what it did.
var errInterrupted = errors.New("interrupted")

// usageError is a command line that parses but makes no sense: exit code 2.
type usageError string

func (e usageError) Error() string { return string(e) }

// sink remembers the first error of writing results. A command must not succeed on a full disk.
type sink struct {
	io.Writer
	err error
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.Writer.Write(p)
	if err != nil && s.err == nil {
		s.err = err
	}
	return n, err
}

// file is what stdout writes to: for a command that must see whether it is a terminal.
func (out *console) file() io.Writer {
	if s, ok := out.stdout.(*sink); ok {
		return s.Writer
	}
	return out.stdout
}

// note prints a message to stderr.
func (out *console) note(format string, args ...any) {
	fprintf(out.stderr, "peerguard: "+format+"\n", args...)
}

// tint colours words on a terminal that shows colours. The zero colour leaves them as they are.
func (out *console) tint(colour text.Color, words string) safe {
	plain := lines(words)
	if !out.colour || colour == 0 {
		return plain
	}
	return safe(colour.EscapeSeq()) + plain + safe(text.Reset.EscapeSeq())
}

func (out *console) tintVerdict(v policy.Verdict) safe {
	colour := text.FgRed
	switch v {
	case policy.Allow:
		colour = text.FgGreen
	case policy.Undecided:
		colour = text.FgYellow
	case policy.Reject:
	}
	return out.tint(colour, string(v))
}

// ask asks a question on stderr, and reports whether the answer is yes. After Ctrl-C it is no.
func (out *console) ask(ctx context.Context, format string, args ...any) bool {
	fprintf(out.stderr, format+" [y/N] ", args...)
	answers := make(chan string, 1)
	go func() {
		var answer string
		if _, err := fmt.Fscanln(out.stdin, &answer); err != nil {
			answer = "" // the line is empty or has more than one word, or the input has ended
		}
		answers <- answer
	}()
	select {
	case <-ctx.Done():
		return false
	case answer := <-answers:
		return strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes")
	}
}

// count returns a number and a noun: "1 rule", "2 rules".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// tally lists counted words: "1 allowed, 3 rejected".
func tally(counts map[string]int) string {
	words := make([]string, 0, len(counts))
	for word, n := range counts {
		words = append(words, fmt.Sprintf("%d %s", n, word))
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

// verdictAndRule returns "allow (payments)", or the verdict alone if no rule is known.
func verdictAndRule(v policy.Verdict, rule string) string {
	if rule == "" {
		return string(v)
	}
	return fmt.Sprintf("%s (%s)", v, rule)
}

package main

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/alecthomas/kong"
)

// helpCommand prints the help of a command, or of all.
type helpCommand struct {
	Command []string `arg:"" optional:"" help:"A command; none means all of them."`
}

// Run prints what --help prints.
func (h *helpCommand) Run(chosen *kong.Context) error {
	about, err := kong.Trace(chosen.Kong, h.Command)
	switch {
	case err != nil:
		return err
	case about.Error != nil:
		return usageError(about.Error.Error())
	}
	return about.PrintUsage(false)
}

// helpFor names the help that a wrong command line is about.
func helpFor(err error) string {
	wrong, ok := errors.AsType[*kong.ParseError](err)
	if ok && wrong.Context != nil && wrong.Context.Selected() != nil {
		return wrong.Context.Selected().FullPath() + " --help"
	}
	return "peerguard --help"
}

// guarded returns the exit code of a command, also if it panics.
func (out *console) guarded(command func() int) (code int) {
	defer func() {
		if mistake := recover(); mistake != nil {
			out.unexpected(mistake)
			code = 1
		}
	}()
	return command()
}

// unexpected prints what happened that cannot happen, and asks to report it.
func (out *console) unexpected(what any) {
	out.note("this is a mistake of peerguard, not yours: %s", fmt.Sprint(what))
	out.note("please report it as an issue of the repository that peerguard is from, or privately as SECURITY.md says if others could make use of it, " +
		"with the command and with what follows")
	fprintf(out.stderr, "%s\n%s", build(), excerpt(string(debug.Stack())))
}

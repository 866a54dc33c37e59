package main

import "errors"

// The formats in which a command can print its result. Not every command has all of them.
const (
	formatText     = "text"
	formatJSON     = "json"
	formatGitHub   = "github"
	formatMarkdown = "markdown"
	formatSARIF    = "sarif"
)

// formatFlags choose the format of a result. A command that embeds them sets the variable formats to those that it has.
type formatFlags struct {
	Format string `enum:"${formats}" default:"text" placeholder:"FORMAT" help:"How to print the result: ${enum}. github is for annotations in GitHub Actions, markdown for a comment of a merge request."`
	JSON   bool   `name:"json" help:"Short for --format json."`
}

// Validate refuses --json with another format.
func (f *formatFlags) Validate() error {
	if f.JSON && f.Format != formatText && f.Format != formatJSON {
		return errors.New("--json is short for --format json: pass one of the two")
	}
	return nil
}

func (f *formatFlags) format() string {
	if f.JSON {
		return formatJSON
	}
	return f.Format
}

package main

import (
	"embed"
	"fmt"
	"strings"
	"text/template"

	"github.com/alecthomas/kong"
)

// completionCommand prints what makes a shell complete the command line.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is the long text of --help.
func (*completionCommand) Help() string {
	return "The script completes commands, flags, the values of flags that have a list of them, and files. Its first lines say where to put it.\n\n" +
		"Example:\n\n" +
		"  source <(peerguard completion bash)"
}

//go:embed completion/*.tmpl
var completionFiles embed.FS

var completions = template.Must(template.New("").Funcs(template.FuncMap{
	"join": strings.Join, "quote": quoteWord, "escape": escapeZsh, "zshFlag": zshFlag,
}).ParseFS(completionFiles, "completion/*.tmpl"))

// Run prints the script of a shell.
func (c *completionCommand) Run(out *console, chosen *kong.Context) error {
	var script strings.Builder
	if err := completions.ExecuteTemplate(&script, c.Shell+".tmpl", completed(chosen.Model.Node)); err != nil {
		return fmt.Errorf("writing the script: %w", err)
	}
	fprintf(out.stdout, "%s", safe(script.String())) // our own words
	return nil
}

// completedNode is the command line, or a command of it.
type completedNode struct {
	Name, Help string
	Flags      []completedFlag
	Words      []string // that its argument can be; none means files
	Commands   []completedNode
}

type completedFlag struct {
	Name, Short, Help string
	Value             bool     // it has one
	Words             []string // that the value can be
}

func completed(node *kong.Node) completedNode {
	n := completedNode{Name: node.Name, Help: firstSentence(node.Help)}
	for _, f := range node.Flags {
		if f.Hidden {
			continue
		}
		flag := completedFlag{Name: f.Name, Help: firstSentence(f.Help), Value: !f.IsBool() && !f.IsCounter(), Words: words(f.Value)}
		if f.Short != 0 {
			flag.Short = string(f.Short)
		}
		n.Flags = append(n.Flags, flag)
	}
	for _, child := range node.Children {
		n.Commands = append(n.Commands, completed(child))
	}
	for _, p := range node.Positional {
		n.Words = words(p)
	}
	return n
}

// words returns what a value can be, nil if it can be anything.
func words(value *kong.Value) []string {
	if value.Enum == "" {
		return nil
	}
	return value.EnumSlice()
}

// firstSentence returns the first sentence of a help text, without the full stop.
func firstSentence(text string) string {
	first, _, _ := strings.Cut(text, ". ")
	return strings.TrimSuffix(first, ".")
}

// quoteWord quotes a word for a shell.
func quoteWord(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// escapeZsh escapes what means something in a description of zsh's _arguments and _describe.
func escapeZsh(text string) string {
	return strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, ":", `\:`).Replace(text)
}

// zshFlag returns how zsh's _arguments writes a flag.
func zshFlag(f completedFlag) string {
	name, help := "*--"+f.Name, "["+escapeZsh(f.Help)+"]" // flags can be repeated
	switch {
	case !f.Value:
		return name + help
	case len(f.Words) > 0:
		return name + "=" + help + ":value:(" + strings.Join(f.Words, " ") + ")"
	}
	return name + "=" + help + ":file:_files"
}

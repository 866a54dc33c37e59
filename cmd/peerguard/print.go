package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"

	"peerguard/cmd/peerguard/plain"
)

// Everything that a command prints goes through this file. Names, ids and messages come from APIs, events, logs and files
// that somebody else wrote, so they must not control the terminal, nor look like other text than they are.

// safe is text that is printed as it is. It has been cleaned; line breaks and colours in it are our own.
type safe string

// fprintf is fmt.Fprintf with arguments that have been cleaned. The line breaks of an error stay: each separates two errors.
func fprintf(w io.Writer, format string, args ...any) {
	for i := range args {
		args[i] = clean(args[i])
	}
	fmt.Fprintf(w, format, args...)
}

// row returns the row of a table. Its cells have been cleaned.
func row(cells ...any) table.Row {
	for i := range cells {
		cells[i] = fmt.Sprint(clean(cells[i]))
	}
	return cells
}

// clean returns a value that is safe to print.
func clean(value any) any {
	switch v := value.(type) {
	case safe:
		return v
	case error:
		return lines(strings.Split(v.Error(), "\n")...)
	}
	if kind := reflect.ValueOf(value).Kind(); kind >= reflect.Bool && kind <= reflect.Complex128 {
		if _, words := value.(fmt.Stringer); !words {
			return value
		}
	}
	return safe(plain.Text(fmt.Sprint(value)))
}

// lines returns texts, each on a line of its own.
func lines(texts ...string) safe {
	shown := make([]string, len(texts))
	for i, text := range texts {
		shown[i] = plain.Text(text)
	}
	return safe(strings.Join(shown, "\n"))
}

// excerpt returns lines of a file as they are, but for characters that have no shape. What is below a character stays there.
func excerpt(source string) safe {
	return safe(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || strconv.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, source))
}

// printJSON prints a result for machines, indented.
func (out *console) printJSON(result any) error { return out.encode(result, "  ") }

// printJSONLine prints a result for machines on one line.
func (out *console) printJSONLine(result any) error { return out.encode(result, "") }

func (out *console) encode(result any, indent string) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(result); err != nil {
		return fmt.Errorf("encoding result: %w", err)
	}
	if _, err := io.WriteString(out.stdout, cleanJSON(text.String())); err != nil {
		return fmt.Errorf("writing result: %w", err)
	}
	return nil
}

var jsonEscape = regexp.MustCompile(`\\.`)

// cleanJSON cleans all values of a JSON text. A value that is printed later, as `jq -r` does, looks as on the terminal: it
// holds the letters of an escape in place of the character.
func cleanJSON(text string) string {
	text = string(lines(strings.Split(text, "\n")...))
	return jsonEscape.ReplaceAllStringFunc(text, func(escape string) string {
		switch escape {
		case `\"`, `\\`, `\n`:
			return escape
		}
		return `\` + escape
	})
}

package main

import (
	"fmt"

	"peerguard/function/policy"
)

// schemaCommand prints the JSON Schema that an editor needs to complete and check a policy.
type schemaCommand struct {
	Test bool `help:"The schema of a file of policy tests instead."`
}

// Help is the long text of --help.
func (*schemaCommand) Help() string {
	return "The schema is JSON Schema, draft 2020-12, with a description of each key. Editors that support YAML schemas find it through the first line of the file:\n\n" +
		"  # yaml-language-server: $schema=policy.schema.json\n\n" +
		"Example:\n\n" +
		"  go tool peerguard schema >policy.schema.json\n\n" +
		"A schema cannot express every rule: `peerguard check` has the last word."
}

// Run prints the schema.
func (s *schemaCommand) Run(out *console) error {
	schema := policy.Schema()
	if s.Test {
		schema = policy.TestSchema()
	}
	if _, err := out.stdout.Write(schema); err != nil {
		return fmt.Errorf("writing schema: %w", err)
	}
	return nil
}

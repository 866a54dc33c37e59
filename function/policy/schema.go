package policy

import (
	_ "embed"
	"slices"
)

//go:embed policy.schema.json
var schema []byte

//go:embed policy_test.schema.json
var testSchema []byte

// Schema gives the JSON Schema (draft 2020-12) of a policy file, as function/policy/policy.schema.json holds it.
func Schema() []byte { return slices.Clone(schema) }

// TestSchema gives the JSON Schema (draft 2020-12) of a file of policy tests.
func TestSchema() []byte { return slices.Clone(testSchema) }

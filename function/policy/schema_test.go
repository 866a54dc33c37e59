package policy_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"peerguard/function/policy"
)

// beyond are the broken files that a schema cannot tell from good ones, each with the reason.
var beyond = map[string]string{
	"duplicate-key":              "an editor's YAML parser refuses it",
	"duplicate-key-rule":         "an editor's YAML parser refuses it",
	"duplicate-name":             "unique over two lists",
	"duplicate-name-allow-first": "unique over two lists",
	"folders-no-directory":       "one key needs another",
	"folders-no-directory-rule":  "one key needs another",
	"guard-folder-twice":         "unique by a part of an object",
	"guard-roles-same-account":   "unique by a part of a text",
	"version-float":              "to a schema 1.0 is 1",
	"guard-cap-octal":            "a schema sees the number, not its digits",
	"cidr-host-bits":             "arithmetic",
	"cidr-too-long":              "arithmetic",
	"until-no-such-day":          "the calendar",
	"tag":                        "no part of the data",
	"cases/anchor":               "no part of the data",
	"second-document-broken":     "an editor checks each document by itself",
	"anchor":                     "no part of the data",
	"second-document-empty":      "an editor checks each document by itself",
	"second-document":            "an editor checks each document by itself",
	"directive-yaml":             "no part of the data",
	"directive-tag":              "no part of the data",
	"invisible":                  "in a comment",
	"carriage-return":            "no part of the data",
	"carriage-return-twice":      "no part of the data",
	"nul":                        "no YAML",
	"not-utf8":                   "in a comment",
	"accounts-from-missing":      "another file",
	"accounts-from-empty":        "another file",
	"accounts-from-invisible":    "another file",
	"id-underscores":             "a schema sees the number, not its digits",
	"id-hexadecimal":             "a schema sees the number, not its digits",
	"invisible-escaped":          "a class of characters that schemas have no name for",
	"cases/second-document":      "an editor checks each document by itself",
	"cases/duplicate-name":       "unique by a part of an object",
	"cases/prove-names":          "unique by a part of an object",
	"cases/prove-accounts-from":  "another file",
}

// single are policies with one mistake each, in addition to those in testdata/broken.
var single = map[string]string{
	"guard-roles-same-account": head + "guard: {accounts: [{role: 'acs:ram::1:role/a'}, {role: 'acs:ram::1:role/b'}]}\nallow: []\n",
	"guard-folder-twice":       head + "directory: {id: rd-a}\nguard: {accounts: [{folder: fd-a, role_name: x}, {folder: fd-a, role_name: y}]}\nallow: []\n",
	"guard-folder-alone":       head + "directory: {id: rd-a}\nguard: {accounts: [{folder: fd-a}]}\nallow: []\n",
	"guard-folder-and-role":    head + "directory: {id: rd-a}\nguard: {accounts: [{folder: fd-a, role_name: x, role: 'acs:ram::1:role/a'}]}\nallow: []\n",
	"guard-folder-bad":         head + "directory: {id: rd-a}\nguard: {accounts: [{folder: fd-a-b, role_name: x}]}\nallow: []\n",
	"guard-role-name-alone":    head + "guard: {accounts: [{role_name: x}]}\nallow: []\n",
	"guard-role-and-name":      head + "guard: {accounts: [{role: 'acs:ram::1:role/a', role_name: x}]}\nallow: []\n",
	"guard-role-and-except":    head + "guard: {accounts: [{role: 'acs:ram::1:role/a', except: ['1']}]}\nallow: []\n",
	"guard-except-empty":       head + "directory: {id: rd-a}\nguard: {accounts: [{folder: fd-a, role_name: x, except: []}]}\nallow: []\n",
	"guard-role-name-long":     head + "directory: {id: rd-a}\nguard: {accounts: [{folder: fd-a, role_name: " + strings.Repeat("x", 65) + "}]}\nallow: []\n",
	"guard-regions-word":       head + "guard: {regions: every}\nallow: []\n",
	"guard-regions-null":       head + "guard: {regions: ~}\nallow: []\n",
	"directory-id-long":        head + "directory: {id: rd-" + strings.Repeat("x", 61) + "}\nallow: []\n",
	"directory-key":            head + "directory: {id: rd-a, root: r-a}\nallow: []\n",
	"directory-null":           head + "directory: ~\nallow: []\n",
	"folder-in-directory":      head + "directory: {id: rd-a}\nallow: [{name: a, requester_folders: [rd-a]}]\n",
	"folder-number":            head + "directory: {id: rd-a}\nallow: [{name: a, requester_folders: [7]}]\n",
	"accepter-folders-alone":   head + "directory: {id: rd-a}\nallow: [{name: a, accepter_folders: [r-a]}]\n",
	"connection-upper":         head + "allow: [{name: a, connections: [pcc-A]}]\n",
	"connection-scalar":        head + "allow: [{name: a, connections: pcc-a}]\n",
	"guard-role-user":          head + "guard: {accounts: [{role: 'acs:ram::1:user/a'}]}\nallow: []\n",
	"guard-role-number":        head + "guard: {accounts: [{role: 7}]}\nallow: []\n",
	"guard-account-scalar":     head + "guard: {accounts: ['1']}\nallow: []\n",
	"guard-account-empty":      head + "guard: {accounts: [{}]}\nallow: []\n",
	"guard-external-id-short":  head + "guard: {accounts: [{role: 'acs:ram::1:role/a', external_id: x}]}\nallow: []\n",
	"guard-external-id-long":   head + "guard: {accounts: [{role: 'acs:ram::1:role/a', external_id: " + strings.Repeat("x", 1225) + "}]}\nallow: []\n",
	"guard-external-id-blank":  head + "guard: {accounts: [{role: 'acs:ram::1:role/a', external_id: two words}]}\nallow: []\n",
	"guard-external-id-digit":  head + "guard: {accounts: [{role: 'acs:ram::1:role/a', external_id: 12345}]}\nallow: []\n",
	"guard-region-upper":       head + "guard: {regions: [CN-Hangzhou]}\nallow: []\n",
	"cidr-host-bits":           one("requester_cidrs: [10.1.2.3/16]"),
	"cidr-too-long":            one("requester_cidrs: [10.1.0.0/33]"),
	"cidr-no-length":           one("requester_cidrs: [10.1.0.0]"),
	"cidr-word":                one("requester_cidrs: [ten]"),
	"until-no-such-day":        one("until: 2026-02-30"),
	"until-no-such-month":      one("until: 2026-13-01"),
	"until-word":               one("until: tomorrow"),
	"until-number":             one("until: 20261231"),
	"until-no-zone":            one("until: 2026-12-31T12:00:00"),
	"until-24":                 one("until: 2026-12-31T24:00:00Z"),
	"until-blank":              one("until: 2026-12-31 12:00:00Z"),
	"until-list":               one("until: [2026-12-31]"),
	"until-null":               one("until: ~"),
	"region-underscore":        one("requester_regions: [cn_hangzhou]"),
	"region-all":               one("accepter_regions: [cn-hangzhou, all]"),
	"region-longest":           one("accepter_regions: [cn" + strings.Repeat("x", 62) + "]"),
	"region-long":              one("accepter_regions: [cn" + strings.Repeat("x", 63) + "]"),
	"guard-region-all":         head + "guard: {regions: [all]}\nallow: []\n",
	"region-short":             one("accepter_regions: [c]"),
	"region-number":            one("accepter_regions: [1]"),
	"region-null":              one("accepter_regions: [~]"),
	"vpc-upper":                one("accepter_vpcs: [vpc-A]"),
	"vpc-other":                one("requester_vpcs: [subnet-1]"),
	"vpc-scalar":               one("requester_vpcs: vpc-a"),
	"path-outside":             one("accounts_from: ../ids.txt"),
	"path-absolute":            one("accounts_from: /ids.txt"),
	"path-dot":                 one("accounts_from: ./ids.txt"),
	"path-self":                one("accounts_from: ."),
	"path-double":              one("accounts_from: a//ids.txt"),
	"path-folder":              one("accounts_from: lists/"),
	"path-number":              one("accounts_from: 7"),
	"owner-number":             one("owner: 5"),
	"owner-empty":              one("owner: ''"),
	"reason-list":              one("reason: [x]"),
	"reason-lines":             one(`reason: "a\nb"`),
	"reason-blank":             one("reason: ' a'"),
	"accepter-star":            one("accepter_accounts: ['*']"),
	"accepter-null":            one("accepter_accounts: [~]"),
	"key-typo":                 one("untill: 2026-12-31"),
	"id-negative":              id("-5"),
	"id-float":                 id("12.5"),
	"id-word":                  id("payments"),
	"id-long":                  id("'123456789012345678901'"),
	"id-blank":                 id("'12 34'"),
	"id-null":                  id("~"),
	"id-empty":                 id("''"),
	"id-bool":                  id("true"),
	"id-list":                  id("[1]"),
	"id-underscores":           id("1_000"),
	"id-hexadecimal":           id("0x10"),
	"name-blank":               head + "allow: [{name: ' a', accounts: ['1']}]\n",
	"name-lines":               head + "allow: [{name: \"a\\nb\", accounts: ['1']}]\n",
	"name-empty-text":          head + "allow: [{name: '', accounts: ['1']}]\n",
}

const head = "version: 1\nmode: dry-run\n"

func one(key string) string {
	return head + "allow:\n  - name: a\n    accounts: ['1']\n    " + key + "\n"
}
func id(text string) string { return head + "allow: [{name: a, accounts: [" + text + "]}]\n" }

func TestSchemaAgrees(t *testing.T) {
	t.Parallel()
	schema := compile(t, policy.Schema())
	corpus := files(t, "testdata/good/*.yaml", "policy.yaml")
	maps.Copy(corpus, files(t, "testdata/broken/*.txtar", "policy.yaml"))
	maps.Copy(corpus, single)
	corpus["shipped"] = readFile(t, "testdata/shipped/policy.yaml")
	agree(t, schema, corpus, func(fsys fstest.MapFS, text string) error {
		fsys["policy.yaml"] = &fstest.MapFile{Data: []byte(text)}
		_, err := policy.Load(fsys, "policy.yaml")
		return err
	})
	if len(corpus) < 80 {
		t.Errorf("%d files, want at least 80", len(corpus))
	}
}

func TestTestSchemaAgrees(t *testing.T) {
	t.Parallel()
	corpus := map[string]string{"shipped": readFile(t, "testdata/shipped/policy_test.yaml"), "cases": casesText, "prove": proveText}
	for name, text := range files(t, "testdata/broken_tests/*.txtar", "policy_test.yaml") {
		corpus["cases/"+name] = text
	}
	agree(t, compile(t, policy.TestSchema()), corpus, func(fsys fstest.MapFS, text string) error {
		fsys["policy_test.yaml"] = &fstest.MapFile{Data: []byte(text)}
		_, err := policy.LoadTests(fsys, "policy_test.yaml")
		return err
	})
}

// agree compares the schema with the decoder. Only what a schema cannot say may differ, and must be listed in beyond.
func agree(t *testing.T, schema *jsonschema.Schema, corpus map[string]string, decode func(fstest.MapFS, string) error) {
	t.Helper()
	checked := 0
	for _, name := range slices.Sorted(maps.Keys(corpus)) {
		fsys := fstest.MapFS{}
		for _, file := range []string{"ids.txt", "lists/ids.txt", "partner-accounts.txt"} {
			fsys[file] = &fstest.MapFile{Data: []byte("1\n")}
		}
		if beyond[name] == "another file" {
			fsys = fstest.MapFS{"ids.txt": {}}
		}
		decoded := decode(fsys, corpus[name])
		value, ok := generic(t, corpus[name])
		if !ok {
			if decoded == nil {
				t.Errorf("%s: no YAML, and yet it decodes", name)
			}
			continue
		}
		checked++
		valid := schema.Validate(value)
		switch reason := beyond[name]; {
		case reason != "" && (valid != nil || decoded == nil):
			t.Errorf("%s is listed as beyond a schema (%s); decoder: %v; schema: %v", name, reason, decoded, valid)
		case reason == "" && (valid == nil) != (decoded == nil):
			t.Errorf("%s:\n%s\ndecoder: %v\nschema: %v", name, corpus[name], decoded, valid)
		}
	}
	if checked == 0 {
		t.Error("nothing was compared")
	}
}

func compile(t *testing.T, text []byte) *jsonschema.Schema {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", value); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if schema.DraftVersion != 2020 {
		t.Errorf("draft %d", schema.DraftVersion)
	}
	return schema
}

// files returns the texts of a corpus by file name without extension. From an archive it takes the file inArchive.
func files(t testing.TB, pattern, inArchive string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no files %s, %v", pattern, err)
	}
	texts := map[string]string{}
	for _, name := range names {
		key, text := strings.TrimSuffix(filepath.Base(name), filepath.Ext(name)), readFile(t, name)
		if _, taken := texts[key]; taken {
			t.Fatalf("two files %s", key)
		}
		if filepath.Ext(name) != ".txtar" {
			texts[key] = text
			continue
		}
		for _, f := range txtar.Parse([]byte(text)).Files {
			if f.Name == inArchive {
				texts[key] = string(f.Data)
			}
		}
	}
	return texts
}

func readFile(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// generic reads YAML like an editor: by the core schema of YAML 1.2, into JSON values.
func generic(t *testing.T, text string) (any, bool) {
	t.Helper()
	var doc yaml.Node
	err := yaml.Unmarshal([]byte(text), &doc)
	if err != nil || len(doc.Content) == 0 {
		return nil, false
	}
	data, err := json.Marshal(value(doc.Content[0]))
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return v, true
}

func value(n *yaml.Node) any {
	switch n.Kind {
	case yaml.AliasNode:
		return value(n.Alias)
	case yaml.SequenceNode:
		list := []any{}
		for _, e := range n.Content {
			list = append(list, value(e))
		}
		return list
	case yaml.MappingNode:
		object := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			for key.Kind == yaml.AliasNode {
				key = key.Alias
			}
			object[key.Value] = value(n.Content[i+1])
		}
		return object
	case yaml.DocumentNode, yaml.StreamNode, yaml.ScalarNode:
	}
	return scalar(n)
}

func scalar(n *yaml.Node) any {
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool":
		return n.Value == "true"
	case "!!int":
		digits := strings.ReplaceAll(n.Value, "_", "")
		if i, ok := new(big.Int).SetString(digits, 10); ok {
			return json.Number(i.String())
		}
		if i, ok := new(big.Int).SetString(digits, 0); ok {
			return json.Number(i.String())
		}
	case "!!float":
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
			return f
		}
	}
	return n.Value
}

// TestSchemasAreCurrent compares the keys of the schemas with those that the decoder lists when it finds an unknown one.
func TestSchemasAreCurrent(t *testing.T) {
	t.Parallel()
	for file, embedded := range map[string][]byte{"policy.schema.json": policy.Schema(), "policy_test.schema.json": policy.TestSchema()} {
		if readFile(t, file) != string(embedded) {
			t.Errorf("%s is not what is embedded", file)
		}
	}
	loads := func(text string) string {
		_, err := policy.Load(fstest.MapFS{"p": {Data: []byte(text)}}, "p")
		return err.Error()
	}
	tests := func(text string) string {
		_, err := policy.LoadTests(fstest.MapFS{"p": {Data: []byte(text)}}, "p")
		return err.Error()
	}
	for _, test := range []struct {
		schema  []byte
		pointer string
		message string
	}{
		{policy.Schema(), "properties", loads("{zzzzzzzz: 1}")},
		{policy.Schema(), "properties/directory/properties", loads("directory: {zzzzzzzz: 1}")},
		{policy.Schema(), "properties/guard/properties", loads("guard: {zzzzzzzz: 1}")},
		{policy.Schema(), "properties/guard/properties/accounts/items/properties", loads("guard: {accounts: [{zzzzzzzz: 1}]}")},
		{policy.Schema(), "$defs/rule/properties", loads("allow: [{zzzzzzzz: 1}]")},
		{policy.Schema(), "$defs/rule/properties", loads("reject: [{zzzzzzzz: 1}]")},
		{policy.TestSchema(), "properties", tests("{zzzzzzzz: 1}")},
		{policy.TestSchema(), "properties/cases/items/properties", tests("cases: [{zzzzzzzz: 1}]")},
		{policy.TestSchema(), "properties/prove/items/properties", tests("prove: [{zzzzzzzz: 1}]")},
		{policy.TestSchema(), "$defs/subject/properties", tests("prove: [{except: {zzzzzzzz: 1}}]")},
		{policy.TestSchema(), "$defs/side/properties", tests("cases: [{requester: {zzzzzzzz: 1}}]")},
	} {
		m := regexp.MustCompile(`the keys of .* are (.*)`).FindStringSubmatch(test.message)
		if m == nil {
			t.Errorf("%s: no keys in %q", test.pointer, test.message)
			continue
		}
		known := strings.Split(m[1], ", ")
		slices.Sort(known)
		if got := slices.Sorted(maps.Keys(at(t, test.schema, test.pointer))); !slices.Equal(got, known) {
			t.Errorf("%s has %v, the decoder knows %v", test.pointer, got, known)
		}
	}
}

// TestRejectRuleNeedsOneKeyThatMatches: the decoder and the schema agree on which keys those are.
func TestRejectRuleNeedsOneKeyThatMatches(t *testing.T) {
	t.Parallel()
	enough := map[string]bool{}
	for _, choice := range at(t, policy.Schema(), "properties/reject/items")["anyOf"].([]any) {
		enough[choice.(map[string]any)["required"].([]any)[0].(string)] = true
	}
	for key := range at(t, policy.Schema(), "$defs/rule/properties") {
		text := head + "reject: [{name: a, " + key + ": []}]\nallow: []\n"
		_, err := policy.Load(fstest.MapFS{"p": {Data: []byte(text)}}, "p")
		if refused := strings.Contains(err.Error(), "needs at least one key"); refused == enough[key] {
			t.Errorf("a reject rule with nothing but %s: %v", key, err)
		}
	}
}

func at(t *testing.T, schema []byte, pointer string) map[string]any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal(schema, &object); err != nil {
		t.Fatal(err)
	}
	for step := range strings.SplitSeq(pointer, "/") {
		next, ok := object[step].(map[string]any)
		if !ok {
			t.Fatalf("no %s", pointer)
		}
		object = next
	}
	return object
}

func TestSchemasDescribeEveryKey(t *testing.T) {
	t.Parallel()
	for _, schema := range [][]byte{policy.Schema(), policy.TestSchema()} {
		var root map[string]any
		if err := json.Unmarshal(schema, &root); err != nil {
			t.Fatal(err)
		}
		if n := describe(t, "", root); n < 10 {
			t.Errorf("%d keys found", n)
		}
	}
}

// describe counts the keys below a schema and reports those without a description.
func describe(t *testing.T, path string, schema map[string]any) int {
	n := 0
	for _, group := range []string{"properties", "$defs"} {
		children, _ := schema[group].(map[string]any)
		for key, child := range children {
			child := child.(map[string]any)
			if text, _ := child["description"].(string); len(text) < 10 {
				t.Errorf("%s/%s has no description", path, key)
			}
			n += 1 + describe(t, path+"/"+key, child)
		}
	}
	if items, ok := schema["items"].(map[string]any); ok {
		n += describe(t, path+"/items", items)
	}
	return n
}

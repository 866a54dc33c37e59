package deploy_test

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// alert is an alert rule, with the keys that we use of it.
// https://www.alibabacloud.com/help/en/sls/developer-reference/data-structure-of-an-alert-monitoring-rule
type alert struct {
	Name        string
	DisplayName string `yaml:"displayName"`
	Type        string
	Description string
	Schedule    struct{ Type, Interval string }

	Configuration struct {
		Version, Type, Dashboard string

		QueryList []struct {
			StoreType              string `yaml:"storeType"`
			Region, Project, Store string
			Query                  string
			TimeSpanType           string `yaml:"timeSpanType"`
			Start, End             string
			PowerSQLMode           string `yaml:"powerSqlMode"`
		} `yaml:"queryList"`
		GroupConfiguration struct {
			Type   string
			Fields []string
		} `yaml:"groupConfiguration"`
		JoinConfigurations     []any `yaml:"joinConfigurations"`
		SeverityConfigurations []struct {
			Severity      int
			EvalCondition struct {
				Condition      string
				CountCondition string `yaml:"countCondition"`
			} `yaml:"evalCondition"`
		} `yaml:"severityConfigurations"`
		Labels, Annotations []struct{ Key, Value string }
		AutoAnnotation      bool `yaml:"autoAnnotation"`
		SendResolved        bool `yaml:"sendResolved"`
		Threshold           int
		NoDataFire          bool                   `yaml:"noDataFire"`
		NoDataSeverity      int                    `yaml:"noDataSeverity"`
		SinkAlerthub        struct{ Enabled bool } `yaml:"sinkAlerthub"`
		PolicyConfiguration struct {
			AlertPolicyID  string `yaml:"alertPolicyId"`
			ActionPolicyID string `yaml:"actionPolicyId"`
			RepeatInterval string `yaml:"repeatInterval"`
		} `yaml:"policyConfiguration"`
	}
}

// fires says which alert each scene sets off. no-sweep is the other way round: it fires where its query finds nothing.
var fires = map[string][]string{
	"quiet sweep":           nil,
	"sweep":                 {"violation"}, // the world of events/ holds some
	"big sweep":             nil,
	"rejected":              {"no-sweep"},
	"would reject":          {"no-sweep"},
	"allowed":               {"no-sweep"},
	"violation":             {"violation", "no-sweep"},
	"connection failed":     {"failed", "no-sweep"},
	"no permission to list": {"failed"},
	"unreadable event":      {"failed", "no-sweep"},
	"broken policy":         {"policy-broken", "no-sweep"},
	"silent API":            {"incomplete-sweep"},
	"deadline":              {"incomplete-sweep"},
	"capped":                {"incomplete-sweep", "violation"},
	"array":                 {"failed", "no-sweep"},
	"array out of time":     {"incomplete-sweep", "no-sweep"}, // an element that cannot be read does not hide it
	"policy breaks":         {"policy-broken", "no-sweep"},
	"forged texts":          {"failed", "no-sweep"},
}

// ways are the alerts of which each failed invocation sets off exactly one.
var ways = []string{"failed", "incomplete-sweep", "policy-broken"}

var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

// alerts reads the rules: every YAML file in alerts except queries.yaml.
func alerts(t *testing.T) map[string]alert {
	t.Helper()
	names, err := filepath.Glob("alerts/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]alert{}
	for _, file := range names {
		if name := strings.TrimSuffix(filepath.Base(file), ".yaml"); name != "queries" {
			var a alert
			load(t, file, &a)
			all[name] = a
		}
	}
	return all
}

func (a *alert) query(t *testing.T) query {
	t.Helper()
	q, err := parseQuery(a.Configuration.QueryList[0].Query)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// matching returns the lines that a query finds. index is how many bytes of each line the index keeps.
func matching(t *testing.T, q query, lines []string, index int) []string {
	t.Helper()
	var found []string
	for _, line := range lines {
		hit, err := q.matches(line[:min(len(line), index)])
		if err != nil {
			t.Fatal(err)
		}
		if hit {
			found = append(found, line)
		}
	}
	return found
}

func logs(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for name, s := range scenes() {
		all[name] = s.lines(t)
	}
	return all
}

// TestAlertsFire plays every scene through the real handler and checks which alerts its log sets off: once with the index
// of index.json, and once with the default index, which keeps 2,048 bytes. A long report is cut off there before it says
// what kind of line it is.
func TestAlertsFire(t *testing.T) {
	t.Parallel()
	written := logs(t)
	if len(written) != len(fires) {
		t.Fatalf("%d scenes, %d expectations", len(written), len(fires))
	}
	for name, a := range alerts(t) {
		q := a.query(t)
		for scene, lines := range written {
			for _, index := range []int{2_048, 16_384} {
				fired := (len(matching(t, q, lines, index)) > 0) != a.Configuration.NoDataFire
				if want := slices.Contains(fires[scene], name); fired != want {
					t.Errorf("%s in scene %s with %d bytes: fires %t, want %t. The log:\n%.3000s", name, scene, index, fired, want, strings.Join(lines, "\n"))
				}
			}
		}
	}
}

// TestEachFailureHasOneAlert: no failed invocation is silent, and none is told twice.
func TestEachFailureHasOneAlert(t *testing.T) {
	t.Parallel()
	all := alerts(t)
	failures := 0
	for scene, lines := range logs(t) {
		for _, line := range lines {
			kind, _ := extract(line, "message")
			if _, failed := extract(line, "error_type"); kind != "failed" || !failed {
				continue
			}
			failures++
			var told []string
			for _, name := range ways {
				a := all[name]
				if q := a.query(t); len(matching(t, q, []string{line}, 2_048)) > 0 {
					told = append(told, name)
				}
			}
			if len(told) != 1 {
				t.Errorf("%s sets off %v: %s", scene, told, line)
			}
		}
	}
	if failures < 8 {
		t.Errorf("only %d scenes fail", failures)
	}
}

// TestLongReport: the scene for a line that the index cuts off is long enough.
func TestLongReport(t *testing.T) {
	t.Parallel()
	longest := slices.MaxFunc(scenes()["big sweep"].lines(t), func(a, b string) int { return len(a) - len(b) })
	if len(longest) <= 16_384 {
		t.Errorf("the longest line has %d bytes", len(longest))
	}
}

// TestDecisionsAreShort: queries read fields from all over a decision line, so it must fit into the default index.
func TestDecisionsAreShort(t *testing.T) {
	t.Parallel()
	decisions := 0
	for name, lines := range logs(t) {
		for _, line := range lines {
			if !strings.Contains(line, `"message":"decision"`) {
				continue
			}
			decisions++
			if len(line) > 1_500 {
				t.Errorf("%s: %d bytes: %s", name, len(line), line)
			}
		}
	}
	if decisions < 10 {
		t.Errorf("%d decisions", decisions)
	}
}

// TestAlertsNameRealFields: the lines that a query finds hold the fields that it extracts, and messages and conditions name
// columns of the query only.
func TestAlertsNameRealFields(t *testing.T) {
	t.Parallel()
	written := slices.Concat(slices.Collect(maps.Values(logs(t)))...)
	for name, a := range alerts(t) {
		q := a.query(t)
		checkPaths(t, name, q, written)
		c := a.Configuration
		used := slices.Concat(q.groups, c.GroupConfiguration.Fields)
		for _, note := range c.Annotations {
			for _, m := range variable.FindAllStringSubmatch(note.Value, -1) {
				used = append(used, m[1])
			}
		}
		for _, s := range c.SeverityConfigurations {
			used = append(used, strings.Fields(s.EvalCondition.Condition)[0])
		}
		for _, column := range used {
			if !slices.Contains(q.columns, column) {
				t.Errorf("%s: %s is not a column of its query", name, column)
			}
		}
	}
}

func checkPaths(t *testing.T, name string, q query, written []string) {
	t.Helper()
	found := matching(t, q, written, 16_384)
	if len(found) == 0 {
		t.Errorf("%s finds nothing in any scene", name)
	}
	kinds := map[any]bool{}
	for _, line := range found {
		kind, _ := extract(line, "message")
		kinds[kind] = true
	}
	if len(kinds) > 1 {
		t.Errorf("%s takes lines of different kinds for one: %v", name, kinds)
	}
	for _, path := range q.paths {
		if !slices.ContainsFunc(found, func(line string) bool { _, ok := extract(line, path); return ok }) {
			t.Errorf("%s: no line that it finds has %s", name, path)
		}
	}
	for _, pattern := range q.cuts {
		if !slices.ContainsFunc(found, func(line string) bool { m := pattern.FindStringSubmatch(line); return len(m) == 2 && m[1] != "" }) {
			t.Errorf("%s: %s cuts nothing out of the lines that it finds", name, pattern)
		}
	}
}

// TestAlertRules checks what the service would accept without complaint, in a rule that then never fires.
func TestAlertRules(t *testing.T) {
	t.Parallel()
	all := alerts(t)
	if len(all) != 5 {
		t.Fatalf("there are %d alerts", len(all))
	}
	for name, a := range all {
		c := a.Configuration
		if a.Name != "peerguard-"+name || a.Type != "Alert" || a.Schedule.Type != "FixedRate" || a.Schedule.Interval != "1m" || c.Version != "2.0" || c.Type != "default" {
			t.Errorf("%s: %+v", name, a)
		}
		if len(c.QueryList) != 1 || c.QueryList[0].StoreType != "log" || c.QueryList[0].Start != "-5m" || c.QueryList[0].End != "now" {
			t.Errorf("%s asks %+v", name, c.QueryList)
		}
		if len(c.SeverityConfigurations) != 1 || c.SeverityConfigurations[0].Severity < 6 || c.Threshold != 1 {
			t.Errorf("%s: severity %+v", name, c.SeverityConfigurations)
		}
		if (c.GroupConfiguration.Type == "custom") != (len(c.GroupConfiguration.Fields) > 0) {
			t.Errorf("%s groups by %+v", name, c.GroupConfiguration)
		}
		if c.NoDataFire != (name == "no-sweep") || c.PolicyConfiguration.RepeatInterval == "" {
			t.Errorf("%s: no data fires %t, repeats after %q", name, c.NoDataFire, c.PolicyConfiguration.RepeatInterval)
		}
		if !c.SinkAlerthub.Enabled {
			t.Errorf("%s does not reach the alert centre, so that nobody is told", name)
		}
		var keys []string
		for _, note := range c.Annotations {
			keys = append(keys, note.Key)
		}
		if !slices.Equal(keys, []string{"title", "desc", "action"}) {
			t.Errorf("%s says %v", name, keys)
		}
	}
}

// TestReadyQueries checks the queries of queries.yaml in the same way.
func TestReadyQueries(t *testing.T) {
	t.Parallel()
	var ready []struct{ Name, What, Query string }
	load(t, "alerts/queries.yaml", &ready)
	written := slices.Concat(slices.Collect(maps.Values(logs(t)))...)
	if len(ready) < 5 {
		t.Fatalf("%d queries", len(ready))
	}
	for _, r := range ready {
		q, err := parseQuery(r.Query)
		if err != nil || r.Name == "" || r.What == "" {
			t.Errorf("%q: %v", r.Name, err)
			continue
		}
		checkPaths(t, r.Name, q, written)
		for _, column := range q.groups {
			if !slices.Contains(q.columns, column) {
				t.Errorf("%s groups by %s, which is not a column", r.Name, column)
			}
		}
	}
}

// TestIndex: queries read the field `message`, so it is indexed to the greatest length that the service allows.
func TestIndex(t *testing.T) {
	t.Parallel()
	type index struct {
		CaseSensitive bool `json:"caseSensitive"`
		Chn           bool
		Token         []string
	}
	var i struct {
		Line index
		Keys map[string]struct {
			index

			Type     string
			DocValue bool `json:"doc_value"`
		}
		MaxTextLen int `json:"max_text_len"`
	}
	if err := decode(read(t, "alerts/index.json"), &i); err != nil {
		t.Fatal(err)
	}
	field := i.Keys["message"]
	if len(i.Keys) != 1 || field.Type != "text" || !field.DocValue || !field.CaseSensitive || i.MaxTextLen != 16_384 {
		t.Errorf("index %+v", i)
	}
}

// TestEventBridgeRule: the JSON inside its strings is valid, and uses only variables that it defines.
func TestEventBridgeRule(t *testing.T) {
	t.Parallel()
	var rule struct {
		EventBusName, RuleName, Description, Status, FilterPattern string

		EventTargets []struct {
			ID, Type, Endpoint, PushRetryStrategy string

			ParamList []struct{ ResourceKey, Form, Value, Template string }
		}
	}
	if err := decode(read(t, "alerts/eventbridge-rule.json"), &rule); err != nil {
		t.Fatal(err)
	}
	if !json.Valid([]byte(rule.FilterPattern)) || len(rule.EventTargets) != 4 {
		t.Errorf("rule %+v", rule)
	}
	for _, target := range rule.EventTargets {
		body := target.ParamList[len(target.ParamList)-1]
		var variables map[string]string
		if err := json.Unmarshal([]byte(body.Value), &variables); err != nil || body.Form != "TEMPLATE" {
			t.Errorf("%s: %v in %+v", target.ID, err, body)
		}
		if target.ID != "mail" && !json.Valid([]byte(body.Template)) {
			t.Errorf("%s sends text that is not JSON: %s", target.ID, body.Template)
		}
		used := variable.FindAllStringSubmatch(body.Template, -1)
		for _, m := range used {
			if variables[m[1]] == "" {
				t.Errorf("%s: %s has no value", target.ID, m[0])
			}
		}
		if len(used) == 0 {
			t.Errorf("%s says nothing about the event", target.ID)
		}
	}
}

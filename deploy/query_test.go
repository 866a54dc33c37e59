package deploy_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// query is a query of Simple Log Service, with the part of the language that our queries use: after "* | ",
//
//	SELECT … AS column, … FROM log WHERE … [GROUP BY …] [ORDER BY …] [LIMIT …]
//
// with a WHERE of `message [NOT] LIKE '…'`, AND, and OR inside brackets.
type query struct {
	columns []string
	paths   []string         // of json_extract_scalar, without the $.
	cuts    []*regexp.Regexp // of regexp_extract
	where   string
	groups  []string
}

var (
	queryParts  = regexp.MustCompile(`^\* \| SELECT (.+) FROM log WHERE (.+?)(?: GROUP BY (.+?))?(?: ORDER BY .+?)?(?: LIMIT \d+)?$`)
	column      = regexp.MustCompile(` AS ([a-z_]+)(?:,|$)`)
	extraction  = regexp.MustCompile(`try\(json_extract_scalar\(message, '\$\.([a-z_.]+)'\)\)`)
	cut         = regexp.MustCompile(`regexp_extract\(message, '([^']+)', 1\)`)
	comparison  = regexp.MustCompile(`^message (NOT )?LIKE '([^']+)'$`)
	bracketed   = regexp.MustCompile(`\([^()]*\)`)
	likeSpecial = strings.NewReplacer("%", "(?s:.*)", "_", "(?s:.)")
)

func parseQuery(text string) (query, error) {
	parts := queryParts.FindStringSubmatch(text)
	if parts == nil {
		return query{}, fmt.Errorf("not a query of our form: %s", text)
	}
	q := query{where: parts[2]}
	for _, m := range column.FindAllStringSubmatch(parts[1], -1) {
		q.columns = append(q.columns, m[1])
	}
	for _, m := range extraction.FindAllStringSubmatch(parts[1], -1) {
		q.paths = append(q.paths, m[1])
	}
	for _, m := range cut.FindAllStringSubmatch(parts[1], -1) {
		pattern, err := regexp.Compile(m[1])
		if err != nil {
			return q, err
		}
		q.cuts = append(q.cuts, pattern)
	}
	if bare := strings.Count(parts[1], "json_extract") - len(q.paths); bare != 0 {
		return q, fmt.Errorf("%d extractions without try: a line that was cut off would end the query", bare)
	}
	if parts[3] != "" {
		q.groups = strings.Split(parts[3], ", ")
	}
	_, err := q.matches("")
	return q, err
}

// matches evaluates the WHERE for a line.
func (q *query) matches(line string) (bool, error) {
	var failed error
	compare := func(term string) bool {
		m := comparison.FindStringSubmatch(strings.TrimSpace(term))
		if m == nil {
			failed = fmt.Errorf("not a comparison of our form: %s", term)
			return false
		}
		return like(line, m[2]) == (m[1] == "")
	}
	// Brackets first: each becomes a comparison that is true or one that is false.
	where := bracketed.ReplaceAllStringFunc(q.where, func(group string) string {
		if slices.ContainsFunc(strings.Split(strings.Trim(group, "()"), " OR "), compare) {
			return "message LIKE '%'"
		}
		return "message NOT LIKE '%'"
	})
	all := true
	for term := range strings.SplitSeq(where, " AND ") {
		all = compare(term) && all
	}
	return all, failed
}

// like is SQL's LIKE: % matches any text, _ any character.
func like(text, pattern string) bool {
	return regexp.MustCompile(`^` + likeSpecial.Replace(regexp.QuoteMeta(pattern)) + `$`).MatchString(text)
}

// extract is the service's json_extract_scalar.
func extract(line, path string) (any, bool) {
	var value any
	if json.Unmarshal([]byte(line), &value) != nil {
		return nil, false
	}
	for key := range strings.SplitSeq(path, ".") {
		object, ok := value.(map[string]any)
		if !ok {
			return nil, false
		}
		if value, ok = object[key]; !ok {
			return nil, false
		}
	}
	switch value.(type) {
	case map[string]any, []any, nil:
		return nil, false
	}
	return value, true
}

func TestLike(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text, pattern string
		want          bool
	}{
		{`{"outcome":"violation"}`, `%"outcome":"violation"%`, true},
		{`{"outcome":"violations"}`, `%"outcome":"violation"%`, false},
		{"a\nb", "a%b", true},
		{"would_reject", "would_reject", true},
		{"a.b", "a_b", true},
		{"a.b", "a.c", false},
		{"ab", "b", false},
	} {
		if got := like(tt.text, tt.pattern); got != tt.want {
			t.Errorf("%q LIKE %q is %t", tt.text, tt.pattern, got)
		}
	}
}

func TestQueriesThatAreNotOurs(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no analysis":      `message: violation`,
		"no condition":     `* | SELECT count(*) AS seen FROM log`,
		"extraction fails": `* | SELECT json_extract_scalar(message, '$.rule') AS rule FROM log WHERE message LIKE '%x%'`,
		"other comparison": `* | SELECT count(*) AS seen FROM log WHERE outcome = 'violation'`,
		"double quotes":    `* | SELECT count(*) AS seen FROM log WHERE message LIKE "%x%"`,
	} {
		if _, err := parseQuery(text); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

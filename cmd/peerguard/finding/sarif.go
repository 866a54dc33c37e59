package finding

import (
	"net/url"
	"path"
	"path/filepath"

	"peerguard/cmd/peerguard/plain"
)

// Log is a SARIF log of one run of peerguard, to be written as JSON:
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
type Log struct {
	Schema  string `json:"$schema"`
	Version string `json:"version"`
	Runs    []run  `json:"runs"`
}

type (
	run struct {
		Tool       tool     `json:"tool"`
		ColumnKind string   `json:"columnKind"`
		Results    []result `json:"results"`
	}
	tool struct {
		Driver driver `json:"driver"`
	}
	driver struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		Rules   []kind `json:"rules"`
	}
	kind struct {
		ID string `json:"id"`
	}
	result struct {
		RuleID    string     `json:"ruleId"`
		Level     Severity   `json:"level"`
		Message   message    `json:"message"`
		Locations []location `json:"locations"`
	}
	message struct {
		Text string `json:"text"`
	}
	location struct {
		Physical physical `json:"physicalLocation"`
	}
	physical struct {
		Artifact artifact `json:"artifactLocation"`
		Region   *region  `json:"region,omitempty"`
	}
	artifact struct {
		URI string `json:"uri"`
	}
	region struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
	}
)

// SARIF returns the findings of a version of peerguard as a SARIF log.
func SARIF(version string, findings []Finding) Log {
	r := run{
		Tool:       tool{driver{Name: "peerguard", Version: version, Rules: []kind{}}},
		ColumnKind: "unicodeCodePoints",
		Results:    []result{},
	}
	seen := map[string]bool{}
	for _, f := range findings {
		r.Results = append(r.Results, f.result())
		if !seen[f.Code] {
			seen[f.Code] = true
			r.Tool.Driver.Rules = append(r.Tool.Driver.Rules, kind{f.Code})
		}
	}
	return Log{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []run{r}}
}

func (f *Finding) result() result {
	at := physical{Artifact: artifact{f.uri()}}
	if f.Line > 0 {
		at.Region = &region{f.Line, f.Column}
	}
	return result{RuleID: f.Code, Level: f.Severity, Message: message{plain.Text(f.Message)}, Locations: []location{{at}}}
}

// uri returns the file's path as a relative reference, or as a file URI if it is absolute.
func (f *Finding) uri() string {
	u := url.URL{Path: f.path()}
	if filepath.IsAbs(f.File) {
		u.Scheme, u.Path = "file", path.Join("/", u.Path) // a drive needs the slash: file:///C:/…
	}
	return u.String()
}

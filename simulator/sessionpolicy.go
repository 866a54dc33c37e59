package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// maxPolicy is the longest Policy of an AssumeRole, in characters.
const maxPolicy = 2048

// sessionPolicy is the Policy of an AssumeRole: the session may do what both the role and the policy allow.
// https://www.alibabacloud.com/help/en/ram/policy-structure-and-syntax
type sessionPolicy struct {
	Version   string
	Statement []statement
}

// statement allows or denies actions. It has no Condition, because the simulator could not evaluate one.
type statement struct {
	Effect   string
	Action   oneOrMore
	Resource oneOrMore // must be there, but is not evaluated
}

// oneOrMore is a string or a list of strings.
type oneOrMore []string

// UnmarshalJSON accepts a string in place of a list.
func (o *oneOrMore) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(o))
}

// parseSessionPolicy reads a session policy. An error says what the policy grammar does not allow.
func parseSessionPolicy(text string) (*sessionPolicy, error) {
	var p sessionPolicy
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return nil, fmt.Errorf("parsing session policy: %w", err)
	}
	if p.Version != "1" || len(p.Statement) == 0 {
		return nil, errors.New(`parsing session policy: want the Version "1" and a Statement`)
	}
	for _, s := range p.Statement {
		if s.Effect != "Allow" && s.Effect != "Deny" || len(s.Action) == 0 || len(s.Resource) == 0 {
			return nil, errors.New("parsing session policy: a statement needs Effect (Allow or Deny), Action and Resource")
		}
	}
	return &p, nil
}

// allows reports whether a session with this policy may call an action, such as vpc:RejectVpcPeerConnection.
// A nil policy allows everything.
func (p *sessionPolicy) allows(action string) bool {
	if p == nil {
		return true
	}
	return p.has("Allow", action) && !p.has("Deny", action)
}

func (p *sessionPolicy) has(effect, action string) bool {
	return slices.ContainsFunc(p.Statement, func(s statement) bool {
		return s.Effect == effect && slices.ContainsFunc(s.Action, func(pattern string) bool { return covers(pattern, action) })
	})
}

// covers reports whether an action matches a pattern, in which * stands for any characters.
func covers(pattern, action string) bool {
	parts := strings.Split(pattern, "*")
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + "$").MatchString(action)
}

// sessionPolicyForm checks the Policy of an AssumeRole.
func sessionPolicyForm(_ *Cloud, ps params) *apiError {
	text := ps.get("Policy")
	if text == "" {
		return nil
	}
	if len(text) > maxPolicy {
		return badRequest("InvalidParameter.PolicySize", "The size of Policy must be smaller than %d bytes.", maxPolicy)
	}
	if _, err := parseSessionPolicy(text); err != nil {
		return badRequest("InvalidParameter.PolicyGrammar", "The parameter Policy has not passed grammar check: %v.", err)
	}
	return nil
}

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"peerguard/cmd/peerguard/plain"
	"peerguard/function/peering"
)

// state is how a step ended.
type state string

// The states of a step.
const (
	stateOK      state = "ok"
	stateFailed  state = "failed"
	stateSkipped state = "skipped"
)

// step is one thing that the guard needs.
type step struct {
	Name    string          `json:"name"`
	Account peering.Account `json:"account,omitempty"` // that was probed
	Subject string          `json:"subject,omitempty"` // what was tried
	State   state           `json:"state"`
	Detail  string          `json:"detail,omitempty"` // what was found, cleaned: an error may have several lines
	Fix     string          `json:"fix,omitempty"`    // what to do

	cause string // a word for why it failed, the same for all that fail alike
	at    string // the account, or the region of the own account, that tells it from others of its name
}

func (s step) show(out *console) {
	colours := map[state]text.Color{stateOK: text.FgGreen, stateFailed: text.FgRed, stateSkipped: text.FgYellow}
	subject := s.Subject
	if subject != "" {
		subject += ": "
	}
	fprintf(out.stdout, "%s  %-11s  %s%s\n", out.tint(colours[s.State], fmt.Sprintf("%-7s", s.State)), s.Name, subject, safe(s.Detail))
	s.showFix(out)
}

func (s step) showFix(out *console) {
	if s.Fix != "" {
		fprintf(out.stdout, "%22s→ %s\n", "", s.Fix)
	}
}

// checklist is a list of steps that were taken.
type checklist struct{ steps []step }

func (l *checklist) pass(name, subject, detail string) {
	l.steps = append(l.steps, step{Name: name, Subject: subject, State: stateOK, Detail: plain.Text(detail)})
}

func (l *checklist) fail(name, subject string, err error, fix string) {
	l.steps = append(l.steps, step{Name: name, Subject: subject, State: stateFailed, Detail: fmt.Sprint(clean(err)), Fix: fix, cause: causeOf(err)})
}

func (l *checklist) skip(name, reason string) {
	l.steps = append(l.steps, step{Name: name, State: stateSkipped, Detail: reason})
}

// causeOf returns the code of a failure, or else the text of an error.
func causeOf(err error) string {
	if f, ok := errors.AsType[*peering.Failure](err); ok {
		return f.Code
	}
	return err.Error()
}

func (s step) failed() bool { return s.State == stateFailed }

// with returns the steps of one name, in order.
func (l *checklist) with(name string) []step {
	return slices.DeleteFunc(slices.Clone(l.steps), func(s step) bool { return s.Name != name })
}

// summarise prints a line for each name. If there were several steps of that name, those that failed follow, the ones with
// the same cause together.
func (l *checklist) summarise(out *console) {
	var failed []step
	for _, name := range l.names() {
		group := l.with(name)
		if len(group) == 1 {
			group[0].show(out)
			continue
		}
		bad := slices.DeleteFunc(slices.Clone(group), func(s step) bool { return !s.failed() })
		failed = append(failed, bad...)
		summaryOf(group, len(bad)).show(out)
	}
	for _, alike := range byCause(failed) {
		showAlike(out, alike)
	}
}

// names returns the names of the steps, each once, roles first: without its role nothing else of an account is tried.
func (l *checklist) names() []string {
	names := []string{"role"}
	for _, s := range l.steps {
		if !slices.Contains(names, s.Name) {
			names = append(names, s.Name)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return len(l.with(name)) == 0 })
}

// summaryOf returns a step that stands for several of one name.
func summaryOf(group []step, failed int) step {
	sum := group[0]
	noun := nouns[sum.Name]
	if failed > 0 {
		return step{Name: sum.Name, State: stateFailed, Detail: fmt.Sprintf("%d of %s", failed, count(len(group), noun))}
	}
	if sum.State == stateSkipped {
		return sum
	}
	return step{Name: sum.Name, State: stateOK, Detail: "all " + count(len(group), noun)}
}

// nouns are what there is one step of a name for.
var nouns = map[string]string{"folder": "folder", "role": "account", "list": "partition", "get": "account", "reject": "account", "members": "account"}

// byCause returns the steps that failed alike together, in the order of the first of each.
func byCause(failed []step) [][]step {
	var groups [][]step
	for _, s := range failed {
		i := slices.IndexFunc(groups, func(g []step) bool { return g[0].Name == s.Name && g[0].cause == s.cause })
		if i < 0 {
			groups = append(groups, nil)
			i = len(groups) - 1
		}
		groups[i] = append(groups[i], s)
	}
	return groups
}

const (
	fewSteps = 3  // so many that failed alike are shown in full
	fewLines = 10 // so many lines of accounts or regions are shown, if more failed alike
	perLine  = 5
)

// showAlike prints steps that failed alike: a few in full, many as one of them and the accounts or regions.
func showAlike(out *console, alike []step) {
	if len(alike) <= fewSteps {
		for _, s := range alike {
			s.show(out)
		}
		return
	}
	first := alike[0]
	fix := first.Fix
	first.Fix, first.Detail = "", first.Detail+fmt.Sprintf(" (and %d more alike)", len(alike)-1)
	first.show(out)
	shown := min(len(alike), fewLines*perLine)
	for row := range slices.Chunk(alike[:shown], perLine) {
		fprintf(out.stdout, "%22s%s\n", "", placesOf(row))
	}
	if more := len(alike) - shown; more > 0 {
		fprintf(out.stdout, "%22sand %d more: --all shows them\n", "", more)
	}
	first.Fix = fix
	first.showFix(out)
}

func placesOf(steps []step) string {
	places := make([]string, len(steps))
	for i, s := range steps {
		places[i] = s.at
	}
	return strings.Join(places, " ")
}

// locate says which account the steps are about, and what tells them from others of their name.
func (l *checklist) locate(account peering.Account, at string) {
	for i := range l.steps {
		l.steps[i].Account, l.steps[i].at = account, at
	}
}

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"peerguard/cmd/peerguard/logs"
	"peerguard/cmd/peerguard/plain"
	"peerguard/function/guard"
	"peerguard/function/policy"
)

// lastReport is the last report of a deployed function.
type lastReport struct {
	*guard.Report
	made time.Time // zero if the file does not say
}

// report checks that the deployed function has recently done all of its work, with this policy.
func (c *checkup) report(rules *policy.Policy) {
	last, err := readReportFile(c.flags.Report, c.out.stdin)
	if err != nil {
		c.fail("report", c.flags.Report, err, "save the result of the function's last sweep, or its log line with message \"report\"")
		return
	}
	problems := last.problems(rules, time.Now(), c.flags.MaxAge)
	for _, p := range problems {
		c.fail("report", last.TriggerID, errors.New(plain.Text(p.what)), p.fix)
	}
	if len(problems) == 0 {
		c.pass("report", last.TriggerID, fmt.Sprintf("recent, complete, %s, the same policy, mode %s, version %s", count(last.Visited, "partition"), last.Mode, last.Version))
	}
}

func readReportFile(path string, stdin io.Reader) (*lastReport, error) {
	body, err := readInput(path, stdin)
	if err != nil {
		return nil, fmt.Errorf("reading report: %w", err)
	}
	return newestReport(body)
}

// newestReport returns the report of the newest sweep in a file, in whatever form the report or the log was saved. A file
// without a sweep may hold another report.
func newestReport(body []byte) (*lastReport, error) {
	var newest *lastReport
	failure := ""
	for line, err := range logs.Lines(body) {
		if err != nil {
			continue // what cannot be read is passed over
		}
		switch {
		case line.Kind == logs.Returned:
			failure = cmp.Or(line.Message, failure)
		case line.Kind == logs.Report && line.Report.Trigger != "" && line.Digest != "":
			if r := (&lastReport{line.Report, madeAt(line.TriggerID, line.Time)}); newest == nil || r.after(newest) {
				newest = r
			}
		}
	}
	switch {
	case newest != nil:
		return newest, nil
	case failure != "":
		return nil, fmt.Errorf("reading report: the invocation failed: %s", plain.Text(failure))
	}
	return nil, errors.New("reading report: the file is not a report from peerguard, nor a log that holds one")
}

// after reports whether a report says more about the function as it is now than another one: sweeps count first.
func (r *lastReport) after(other *lastReport) bool {
	if sweep := r.Trigger == guard.TriggerSweep; sweep != (other.Trigger == guard.TriggerSweep) {
		return sweep
	}
	return !r.made.Before(other.made)
}

// madeAt returns the time of the timer event that started a sweep, or else that of the log line.
func madeAt(triggerID string, logged time.Time) time.Time {
	_, triggered, _ := strings.Cut(triggerID, "@")
	if at, err := time.Parse(time.RFC3339, triggered); err == nil {
		return at
	}
	return logged
}

// problem is what is wrong with a report, and what to do about it.
type problem struct{ what, fix string }

func (r *lastReport) problems(rules *policy.Policy, now time.Time, maxAge time.Duration) []problem {
	var list []problem
	found := func(fix, format string, args ...any) { list = append(list, problem{fmt.Sprintf(format, args...), fix}) }
	switch age := now.Sub(r.made); {
	case r.Trigger != guard.TriggerSweep:
		found("pass the report of a sweep", "it is about an event, which does not show that sweeps work")
	case r.made.IsZero():
		found("pass the log line, which has a time", "it does not say when it was made")
	case age > maxAge:
		found("check that the timer trigger is enabled and that the function starts: see its log", "it is %v old, more than %v", age.Round(time.Second), maxAge)
	case age < -maxAge:
		found("compare the clocks", "it is dated %v in the future", (-age).Round(time.Second))
	}
	if !r.Complete {
		found("give the function more time, or raise guard.max_requesters", "the sweep was cut short")
	}
	for _, e := range r.Errors {
		found("see docs/runbook.md", "%s: %s", e.Code, e.Message)
	}
	if n := r.Counts[guard.Failed]; n > 0 {
		found("see the errors of its connections", "%s unresolved", count(n, "connection"))
	}
	for _, p := range r.Partitions {
		if p.Error != nil {
			found(troubleshoot(p.Error.Code), "account %s in %s could not be listed: %s: %s", p.Account, p.Region, p.Error.Code, p.Error.Message)
		}
	}
	if rules != nil {
		list = append(list, r.outdated(rules)...)
	}
	return list
}

// outdated returns what the function follows in place of a policy.
func (r *lastReport) outdated(rules *policy.Policy) []problem {
	const fix = "deploy this policy, with `s deploy -y` so that nothing waits for an answer, or pass doctor the policy that is deployed"
	var list []problem
	found := func(fix, format string, args ...any) { list = append(list, problem{fmt.Sprintf(format, args...), fix}) }
	switch {
	case r.Policy.Digest != rules.Digest:
		found(fix, "another policy is in force: %s in mode %s, packed by version %s, not %s in mode %s", r.Policy.Digest, r.Mode, cmp.Or(r.Version, "unknown"), rules.Digest, rules.Mode)
	case r.Mode != rules.Mode:
		found("pass the report of the function: a sweep by this command runs in a mode of its own", "it is about mode %s, and the policy says %s", r.Mode, rules.Mode)
	}
	for _, name := range slices.Sorted(maps.Keys(rules.Files)) {
		if theirs := r.Policy.Files[name]; theirs != rules.Files[name] && r.Policy.Digest == rules.Digest {
			found(fix, "another %s is in force: %s, not %s", name, cmp.Or(theirs, "none"), rules.Files[name])
		}
	}
	return list
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"
	"time"

	"peerguard/function/guard"
	"peerguard/function/policy"
)

// maxReport is how many bytes of a report are read. A report with 1,000 entries is far smaller.
const maxReport = 16 << 20

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
		c.fail("report", last.TriggerID, errors.New(p.what), p.fix)
	}
	if len(problems) == 0 {
		c.pass("report", last.TriggerID, fmt.Sprintf("recent, complete, %s, the same policy, mode %s", count(last.Visited, "partition"), last.Mode))
	}
}

func readReportFile(path string, stdin io.Reader) (*lastReport, error) {
	in := stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("opening report: %w", err)
		}
		defer file.Close()
		in = file
	}
	body, err := io.ReadAll(io.LimitReader(in, maxReport))
	if err != nil {
		return nil, fmt.Errorf("reading report: %w", err)
	}
	return parseReport(body)
}

// parseReport reads a report, or the function's log line that holds one.
func parseReport(body []byte) (*lastReport, error) {
	var line struct {
		Time   string          `json:"time"`
		Report json.RawMessage `json:"report"`
	}
	if err := json.Unmarshal(body, &line); err != nil {
		return nil, fmt.Errorf("reading report: %w", err)
	}
	if line.Report != nil {
		body = line.Report
	}
	var report guard.Report
	if err := json.Unmarshal(body, &report); err != nil {
		return nil, fmt.Errorf("reading report: %w", err)
	}
	if report.Trigger == "" || report.Policy.Digest == "" {
		return nil, errors.New("reading report: the file is not a report from peerguard")
	}
	return &lastReport{&report, madeAt(report.TriggerID, line.Time)}, nil
}

// madeAt returns the time of the timer event that started a sweep, or else that of the log line.
func madeAt(triggerID, logged string) time.Time {
	_, triggered, _ := strings.Cut(triggerID, "@")
	for _, text := range []string{triggered, logged} {
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			return at
		}
	}
	return time.Time{}
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
	if n := r.Counts[guard.Failed]; n > 0 {
		found("see the errors of its connections", "%s unresolved", count(n, "connection"))
	}
	for _, p := range r.Partitions {
		if p.Error != nil {
			found(troubleshoot(p.Error.Code), "account %s in %s could not be listed: %s: %s", p.Account, p.Region, p.Error.Code, p.Error.Message)
		}
	}
	if rules != nil && (r.Policy.Digest != rules.Digest || !maps.Equal(r.Policy.Files, rules.Files)) {
		found("deploy this policy, or run doctor with the one that is deployed", "it followed another policy: %s, not %s", r.Policy.Digest, rules.Digest)
	}
	return list
}

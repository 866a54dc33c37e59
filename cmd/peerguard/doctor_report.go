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

// maxReport bounds what is read of a report, in bytes: 1,000 entries are far below it.
const maxReport = 16 << 20

// lastReport is a deployed function's report, and when it was made.
type lastReport struct {
	*guard.Report
	made time.Time // zero: the file does not say
}

// report: the deployed function has done its work lately, all of it, with this policy.
func (x *examination) report(rules *policy.Policy) {
	last, err := readReport(x.flags.Report, x.out.stdin)
	if err != nil {
		x.add(missed("report", x.flags.Report, err, "save the result of the function's last sweep, or its log line with message \"report\""))
		return
	}
	problems := last.problems(rules, time.Now(), x.flags.MaxAge)
	for _, p := range problems {
		x.add(missed("report", last.TriggerID, errors.New(p.what), p.fix))
	}
	if len(problems) == 0 {
		x.add(passed("report", last.TriggerID, fmt.Sprintf("recent, complete, %s, the same policy, mode %s", count(len(last.Partitions), "partition"), last.Mode)))
	}
}

func readReport(path string, stdin io.Reader) (*lastReport, error) {
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
		return nil, errors.New("reading report: the file holds no report of peerguard")
	}
	return &lastReport{&report, madeAt(report.TriggerID, line.Time)}, nil
}

// madeAt is the time of the timer event that started a sweep, else that of the log line.
func madeAt(triggerID, logged string) time.Time {
	_, triggered, _ := strings.Cut(triggerID, "@")
	for _, text := range []string{triggered, logged} {
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			return at
		}
	}
	return time.Time{}
}

// problem is what is wrong with a report, and what to do.
type problem struct{ what, fix string }

func (r *lastReport) problems(rules *policy.Policy, now time.Time, maxAge time.Duration) []problem {
	var list []problem
	found := func(fix, format string, args ...any) { list = append(list, problem{fmt.Sprintf(format, args...), fix}) }
	switch age := now.Sub(r.made); {
	case r.Trigger != guard.TriggerSweep:
		found("give the report of a sweep", "it is about an event, which does not show that sweeps work")
	case r.made.IsZero():
		found("give the log line instead, which has a time", "it does not say when it was made")
	case age > maxAge:
		found("is the timer trigger enabled, and does the function start? See its log", "it was made %v ago, more than %v", age.Round(time.Second), maxAge)
	case age < -maxAge:
		found("compare the clocks", "it was made %v from now", (-age).Round(time.Second))
	}
	if !r.Complete {
		found("give the function more time, or raise guard.max_rejections", "the sweep was cut short")
	}
	if n := r.Counts[guard.Failed]; n > 0 {
		found("see the errors of its connections", "%s unresolved", count(n, "connection"))
	}
	for _, p := range r.Partitions {
		if p.Error != nil {
			found("see https://api.aliyun.com/troubleshoot?q="+p.Error.Code, "account %s in %s was not looked at: %s: %s", p.Account, p.Region, p.Error.Code, p.Error.Message)
		}
	}
	if rules != nil && (r.Policy.Digest != rules.Digest || !maps.Equal(r.Policy.Files, rules.Files)) {
		found("deploy the policy, or give doctor the one that is deployed", "it followed another policy: %s, not %s", r.Policy.Digest, rules.Digest)
	}
	return list
}

package handler_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"peerguard/events"
	"peerguard/function/acs"
	"peerguard/function/fc"
	"peerguard/function/guard"
	"peerguard/function/handler"
	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/simulator"
	"peerguard/simulator/platform"
)

// world is a handler in the simulated cloud of the samples, and what it logs.
type world struct {
	*simulator.Cloud
	*handler.Handler
	logged *lines
}

// lines are a log. It is safe for concurrent use.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// parsed returns the lines with this message.
func (l *lines) parsed(t *testing.T, message string) (found []map[string]any) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.buf.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("a line of the log is not JSON: %q", line)
		}
		if fields["message"] == message {
			found = append(found, fields)
		}
	}
	return found
}

func newWorld(t *testing.T, files fs.FS, level zerolog.Level) *world {
	t.Helper()
	file, err := events.World().Open("seed.json")
	if err != nil {
		t.Fatal(err)
	}
	seed, err := simulator.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{Cloud: &simulator.Cloud{}, logged: &lines{}}
	c := platform.Credentials()
	w.AddKey(simulator.Key{ID: c.AccessKeyID, Secret: c.AccessKeySecret, Token: c.SecurityToken, Account: platform.Account})
	w.Plant(seed)
	for _, item := range seed.Connections {
		if item.Status == peering.Creating {
			w.SetStatusAfter(item.InstanceID, 5*time.Second, peering.Accepting)
		}
	}
	w.Handler = handler.New(handler.Config{
		Version: "v1.2.3",
		Policy:  policy.NewSource(files, "policy.yaml").Load,
		Cloud:   acs.New(acs.Config{Transport: w.Cloud}),
		Log:     zerolog.New(w.logged).Level(level),
	})
	return w
}

// invoke passes a payload to the handler, with a deadline in a minute.
func (w *world) invoke(t *testing.T, payload string) (*guard.Report, *fc.Error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	result, err := w.Handle(ctx, fc.Invocation{RequestID: "request-1", Account: platform.Account, Region: platform.Region, Credentials: platform.Credentials().Sealed()}, []byte(payload))
	report, _ := result.(*guard.Report)
	var failed *fc.Error
	if err != nil && !errors.As(err, &failed) {
		t.Fatalf("got %v, want an *fc.Error", err)
	}
	return report, failed
}

// dryRun returns the files of the samples' policy, in the other mode.
func dryRun(t *testing.T) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	for _, name := range []string{"policy.yaml", "partner-accounts.txt"} {
		data, err := fs.ReadFile(events.World(), name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: bytes.Replace(data, []byte("mode: enforce"), []byte("mode: dry-run"), 1)}
	}
	return files
}

// TestSamples: every sample of events/ ends as its name says.
func TestSamples(t *testing.T) {
	t.Parallel()
	samples, err := events.Cases()
	if err != nil {
		t.Fatal(err)
	}
	for _, sample := range samples {
		t.Run(sample.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				files := events.World()
				if sample.Outcomes[0] == string(guard.WouldReject) {
					files = dryRun(t)
				}
				w := newWorld(t, files, zerolog.TraceLevel)
				report, failed := w.invoke(t, string(sample.Payload))
				check(t, sample, report, failed)
				if leaks := platform.Leaks(w.logged.buf.String()); len(leaks) > 0 {
					t.Errorf("the log holds %v", leaks)
				}
			})
		})
	}
}

func check(t *testing.T, sample events.Case, report *guard.Report, failed *fc.Error) {
	t.Helper()
	want := map[string]int{}
	for _, o := range sample.Outcomes {
		want[o]++
	}
	if (want[events.Invalid] > 0) != (failed != nil && failed.Type == fc.InvalidEvent) {
		t.Fatalf("failed as %+v, want %v", failed, sample.Outcomes)
	}
	if report == nil {
		return
	}
	if unresolved := want[string(guard.Failed)] > 0; failed != nil && failed.Type != fc.InvalidEvent && !unresolved || failed == nil && unresolved {
		t.Errorf("failed as %+v, want %v", failed, sample.Outcomes)
	}
	if want[events.Sweep] > 0 {
		if report.Trigger != guard.TriggerSweep || report.Counts[guard.Rejected] == 0 || len(report.Partitions) == 0 {
			t.Errorf("report %+v, want one of a sweep that rejects something", report)
		}
		return
	}
	for outcome, n := range report.Counts {
		if w := want[string(outcome)]; n != w && (outcome != guard.Ignored || len(report.Connections) > 0 && n > w) {
			t.Errorf("%d %s, want %v", n, outcome, sample.Outcomes)
		}
	}
	if len(report.Connections) == 0 && (report.Ignored == "" || want[string(guard.Ignored)] == 0) {
		t.Errorf("ignored %q, want %v", report.Ignored, sample.Outcomes)
	}
}

// TestManyMistakes: an invocation's error names the first mistakes of a policy, and counts the others.
func TestManyMistakes(t *testing.T) {
	t.Parallel()
	text := "version: 1\nmode: enforce\nallow:\n" + strings.Repeat("  - {}\n", 40)
	w := newWorld(t, fstest.MapFS{"policy.yaml": {Data: []byte(text)}}, zerolog.InfoLevel)
	_, failed := w.invoke(t, `{"triggerTime":"t","triggerName":"n"}`)
	if failed == nil || failed.Type != fc.InvalidPolicy || strings.Count(failed.Message, "\n") != 10 || !strings.HasPrefix(failed.Message, "policy.yaml:4:") || !strings.Contains(failed.Message, " more: see peerguard check") {
		t.Errorf("got %+v", failed)
	}
}

// TestDeadlineInThePast: an invocation that comes too late says so, and does not blame the policy.
func TestDeadlineInThePast(t *testing.T) {
	t.Parallel()
	unreadable := errors.New("reading policy: no time")
	for name, load := range map[string]func(context.Context) (*policy.Policy, error){
		"policy read":     policy.NewSource(events.World(), "policy.yaml").Load,
		"policy not read": func(context.Context) (*policy.Policy, error) { return nil, unreadable },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, events.World(), zerolog.InfoLevel)
			w.Policy = load
			ctx, cancel := context.WithTimeout(t.Context(), -time.Second)
			defer cancel()
			result, err := w.Handle(ctx, fc.Invocation{RequestID: "request-1", Account: platform.Account, Region: platform.Region}, []byte(`{"triggerTime":"t","triggerName":"n"}`))
			var failed *fc.Error
			if !errors.As(err, &failed) || failed.Type != fc.Unresolved || !strings.Contains(failed.Message, "deadline") {
				t.Errorf("got %v", err)
			}
			if report, ok := result.(*guard.Report); ok && (report.Complete || len(w.logged.parsed(t, "report")) != 1) {
				t.Errorf("report %+v", report)
			}
			if n := w.Stats().Calls; n > 0 {
				t.Errorf("%d calls", n)
			}
		})
	}
}

// TestALongArrayAndNoTime: after the deadline there is no work but the report. It ends in time, and its log is bounded.
func TestALongArrayAndNoTime(t *testing.T) {
	t.Parallel()
	event := announced("pcc-one", platform.Account)
	payload := "[" + strings.Repeat(event+",", 9_999) + event + "]"
	for _, given := range []time.Duration{time.Second, 3 * time.Second} {
		t.Run(given.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, events.World(), zerolog.TraceLevel)
				w.Latency = 200 * time.Millisecond
				ctx, cancel := context.WithTimeout(t.Context(), given)
				defer cancel()
				result, err := w.Handle(ctx, fc.Invocation{RequestID: "request-1", Account: platform.Account, Region: platform.Region, Credentials: platform.Credentials().Sealed()}, []byte(payload))
				report, ok := result.(*guard.Report) // there is none if not even the policy could be read in time
				failed, _ := errors.AsType[*fc.Error](err)
				if failed == nil || failed.Type != fc.Unresolved || !failed.Incomplete || ctx.Err() != nil || ok && (report.Complete || report.Counts[guard.Failed] < 9_000) || !ok && given > time.Second {
					t.Errorf("%v, the deadline has passed: %t, report %+v", err, ctx.Err() != nil, report)
				}
				if n := len(w.logged.parsed(t, "decision")); n > 200 || w.logged.buf.Len() > 1<<20 {
					t.Errorf("%d decisions, %d bytes of log", n, w.logged.buf.Len())
				}
			})
		})
	}
}

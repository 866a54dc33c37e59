package main

import (
	"slices"
	"testing"

	"peerguard/cmd/peerguard/plain"
	"peerguard/events"
)

// TestExplainSamples: explain can read what the function can read, and makes nothing up about the rest.
func TestExplainSamples(t *testing.T) {
	t.Parallel()
	samples, err := events.Cases()
	if err != nil {
		t.Fatal(err)
	}
	for _, sample := range samples {
		t.Run(sample.Name, func(t *testing.T) {
			t.Parallel()
			subjects, err := readSubjects(sample.Payload)
			unreadable := slices.Contains(sample.Outcomes, events.Invalid) || slices.Contains(sample.Outcomes, events.Sweep)
			if (err != nil) != unreadable {
				t.Errorf("got error %v", err)
			}
			readable := slices.DeleteFunc(slices.Clone(sample.Outcomes), func(o string) bool { return o == events.Invalid || o == events.Sweep })
			if len(subjects) != len(readable) {
				t.Errorf("%d connections, want %d", len(subjects), len(readable))
			}
			for _, s := range subjects {
				if s.ignored == "" && (s.connection.ID == "" || !s.connection.Accepter.Account.Known()) {
					t.Errorf("got %+v", s.connection)
				}
			}
		})
	}
}

// FuzzReadSubjects: every file yields a connection, a reason to ignore it, or an error, and no value that could control the
// terminal.
func FuzzReadSubjects(f *testing.F) {
	samples, err := events.Cases()
	if err != nil {
		f.Fatal(err)
	}
	for _, sample := range samples {
		f.Add(sample.Payload)
	}
	f.Add([]byte(`{"connections":[{"instance_id":"pcc-1","requester":{"account":"x"}}]}{"requester_account":"1"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		subjects, err := readSubjects(data)
		if len(subjects) == 0 && err == nil {
			t.Error("neither a connection nor an error")
		}
		for _, s := range subjects {
			for _, text := range []string{s.connection.ID, s.connection.Requester.VPC, s.connection.Accepter.VPC, s.ignored, s.rule, string(s.reported)} {
				if plain.Text(text) != text {
					t.Errorf("%q could control the terminal", text)
				}
			}
			if s.event && s.ignored == "" && s.connection.ID == "" {
				t.Errorf("an event without a connection: %+v", s)
			}
		}
	})
}

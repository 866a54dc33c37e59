package main

import (
	"context"
	"net/url"
	"testing"
	"time"

	"peerguard/function/acs"
	"peerguard/simulator/platform"
	"peerguard/test/bench/floor/calls"
)

// burst is how many events the client's pace lets through at once.
const burst = 50

// BenchmarkEvent is for profiles: one event in this process, of peerguard and of the bare calls.
func BenchmarkEvent(b *testing.B) {
	endpoint := &url.URL{Scheme: "http", Host: "127.0.0.1"}
	payload := []byte(event(ours, 0))
	b.Run("ours", func(b *testing.B) {
		r := &rig{dir: b.TempDir()}
		h, err := r.inProcess(policyText(1, 1), acs.Config{})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			if n%burst == 0 {
				h.Cloud = acs.New(acs.Config{Endpoints: acs.Endpoints{acs.VpcPeer: endpoint}, Transport: canned{}})
			}
			ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
			if _, err := h.Handle(ctx, invocation(), payload); err != nil {
				b.Fatal(err)
			}
			cancel()
		}
	})
	b.Run("bare", func(b *testing.B) {
		secrets := platform.Credentials()
		floor := calls.Cloud{Endpoint: endpoint, Transport: canned{}}
		b.ReportAllocs()
		for b.Loop() {
			if err := floor.Handle(calls.Credentials{ID: secrets.AccessKeyID, Secret: secrets.AccessKeySecret, Token: secrets.SecurityToken}, payload); err != nil {
				b.Fatal(err)
			}
		}
	})
}

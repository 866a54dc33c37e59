package simulator_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"peerguard/simulator"
)

// discard answers in place of the simulator at no cost, so a benchmark shows the cost of the SDK alone.
type discard struct{}

func (discard) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
}

func BenchmarkGet(b *testing.B) {
	for _, bc := range []struct {
		name string
		rt   func(*simulator.Cloud) http.RoundTripper
	}{
		{"SDK alone", func(*simulator.Cloud) http.RoundTripper { return discard{} }},
		{"in process", func(c *simulator.Cloud) http.RoundTripper { return c }},
	} {
		b.Run(bc.name, func(b *testing.B) {
			c := newCloud(request("pcc-1"))
			c.Record = func(simulator.Call) {}
			r := inProcess(c)
			r.transport = bc.rt(c)
			for b.Loop() {
				if _, err := r.as(accepterKey).get("pcc-1"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkListPage lists one of 30,000 partitions, which together hold 60,000 connections. The page has two.
func BenchmarkListPage(b *testing.B) {
	c := newCloud()
	c.Record = func(simulator.Call) {}
	for i := range 60_000 {
		c.Put(with(request("pcc-"+strconv.Itoa(i)), func(it *simulator.Item) {
			it.AcceptingOwnerUID, it.AcceptingRegionID = 1111111111111111+int64(i/60), fmt.Sprintf("cn-r%d", i%30)
		}))
	}
	r := inProcess(c).as(accepterKey).in("cn-r7")
	for b.Loop() {
		got, err := r.list("", 100)
		if err != nil || len(got.VpcPeerConnects) != 2 {
			b.Fatal(err, got)
		}
	}
}

// BenchmarkReject rejects a new connection in each iteration.
func BenchmarkReject(b *testing.B) {
	c := newCloud()
	c.Record = func(simulator.Call) {}
	r := inProcess(c).as(accepterKey)
	i := 0
	for b.Loop() {
		id := "pcc-" + strconv.Itoa(i)
		i++
		c.Put(request(id))
		if _, err := r.reject(id, id, false); err != nil {
			b.Fatal(err)
		}
	}
}
